/** What real programs and servers send beyond the plain: each failed behind a stricter reader once. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { httpOrigin, tcpOrigin } from '../../support/origins.ts';
import { waitFor } from '../../support/wait-for.ts';
import { ask, connectTo, get, openTunnel, post, rawOrigin } from '../ask.ts';
import type { WireCase } from '../wire-case.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const PIPELINED = 3000;
const firstLine = (text = ''): string => text.slice(0, text.indexOf('\r\n'));
const hex = (port = 0): string => port.toString(16).toUpperCase().padStart(4, '0');

const askTcp = (host: string, port: number, body: string): string =>
  `POST http://${host}:${port}/exec HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

export const anyProgramCases: WireCase[] = [
  {
    title: 'any token is a method: BAN, PROPFIND, lower case',
    run: async (t, way) => {
      const origin = await rawOrigin(t, OK);
      const client = await ask(way);
      for (const [index, method] of ['BAN', 'PROPFIND', 'x-Odd.method~1'].entries()) {
        client.socket.write(get(way, origin.port).replace('GET', method));
        await client.until(new RegExp(`(?:\\r\\n\\r\\nok[^]*){${index + 1}}`, 'u'));
        t.equal(firstLine(origin.got[index]), `${method} / HTTP/1.1`);
      }
      t.equal(origin.got.length, 3);
      client.socket.destroy();
      t.match(await way.record(), { method: 'BAN', status: 200, error: null });
    },
  },
  {
    title: 'an upgrade to any protocol passes, with a body that goes first',
    run: async (t, way) => {
      const body = '{"Cmd":["sh"]}';
      const origin = await tcpOrigin(t, (socket) => {
        let text = '';
        const onData = (chunk: Buffer): void => {
          text += chunk.toString('latin1');
          if (!text.endsWith(body)) return;
          socket.off('data', onData);
          socket.write(
            `HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n[${/upgrade: (\w+)/iu.exec(text)?.[1]}]`,
          );
          socket.pipe(socket);
        };
        socket.on('data', onData);
      });
      const client = await ask(way, askTcp(way.host, origin.port, body));
      t.match(await client.until(/\[tcp\]$/u), /^HTTP\/1\.1 101 UPGRADED\r\n/u);
      client.socket.write('stream');
      await client.until(/\[tcp\]stream$/u);
      client.socket.destroy();
      t.match(await way.record(), { method: 'POST', status: 101, error: null });
    },
  },
  {
    title:
      'an upgrade that is declined is an answer on a connection that goes on (Apache HttpClient 5)',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (request, response) => {
        request.resume().on('end', () => response.end(`[${request.url}]`));
      });
      const client = await ask(way);
      const wish = 'Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n';
      for (const path of ['/a', '/b', '/c']) {
        client.socket.write(get(way, origin.port, wish, path));
        t.match(await client.until(new RegExp(`\\[${path}\\]`, 'u')), /^HTTP\/1\.1 200 /u);
      }
      client.socket.write(post(way, origin.port, `${wish}Content-Length: 4\r\n`, 'body'));
      await client.until(/\[\/\]/u);
      client.socket.destroy();
      await way.record(3);
      t.ok(way.records().every(({ status, error }) => status === 200 && error === null));
    },
  },
  {
    title: 'an upgrade that is declined without a length ends with its connection',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => {
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end'));
      });
      const wish = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
      const client = await ask(way, get(way, origin.port, wish));
      t.match(await client.until(/until the end\r\n0\r\n\r\n/u), /^HTTP\/1\.1 200 OK\r\n/u);
      client.socket.destroy();
    },
  },
  {
    title: 'a 101 that nobody asked for is 502',
    run: async (t, way) => {
      const origin = await rawOrigin(
        t,
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      );
      const client = await ask(way, get(way, origin.port));
      t.match(await client.until(/\r\n\r\n/u), /^HTTP\/1\.1 502 /u);
      client.socket.destroy();
      t.match(await way.record(), { status: 502, error: 'http_protocol_error' });
    },
  },
  {
    title: 'UTF-8 in fields and targets is handed on byte by byte, both ways',
    run: async (t, way) => {
      const name = 'attachment; filename="übung–1.pdf"';
      const field = `Content-Disposition: ${Buffer.from(name).toString('latin1')}\r\n`;
      const origin = await rawOrigin(t, `HTTP/1.1 200 OK\r\n${field}Content-Length: 2\r\n\r\nok`);
      const path = `/${Buffer.from('übung').toString('latin1')}`;
      const client = await ask(way, get(way, origin.port, `X-${field}`, path));
      t.ok((await client.until(/ok$/u)).includes(field), client.text());
      t.equal(firstLine(origin.got[0]), `GET ${path} HTTP/1.1`);
      t.match(origin.got[0], `X-${field}`);
      client.socket.destroy();
    },
  },
  {
    title: 'a backslash, a bar and quotes in a query are handed on as they are',
    run: async (t, way) => {
      const origin = await rawOrigin(t, OK);
      const path = '/q?a=b\\c|d"e^{f}`g`';
      const client = await ask(way, get(way, origin.port, '', path));
      await client.until(/ok$/u);
      t.equal(firstLine(origin.got[0]), `GET ${path} HTTP/1.1`);
      client.socket.destroy();
    },
  },
  {
    title: 'three 102 and a 103 come before the 200, in order',
    run: async (t, way) => {
      const processing = 'HTTP/1.1 102 Processing\r\n\r\n';
      const origin = await rawOrigin(
        t,
        `${processing.repeat(3)}HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${OK}`,
      );
      const client = await ask(way, get(way, origin.port));
      const text = await client.until(/ok$/u);
      const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d+)/gmu)].map((match) => match[1]);
      t.strictSame(statuses, ['102', '102', '102', '103', '200']);
      client.socket.destroy();
    },
  },
  {
    title: 'an answer with LF line ends, a padded chunk size and an extension is read',
    run: async (t, way) => {
      const origin = await rawOrigin(t, (n) =>
        n === 1
          ? 'HTTP/1.1 200 OK\nContent-Length: 3\nX-A: 1\n\none'
          : 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3   \r\ntwo\r\n5;name="v"\r\nthree\r\n0\r\n\r\n',
      );
      const client = await ask(way, get(way, origin.port));
      t.match(await client.until(/one$/u), /^HTTP\/1\.1 200 OK\r\n[^]*X-A: 1\r\n/u);
      client.socket.write(get(way, origin.port));
      const text = await client.until(/0\r\n\r\n$/u);
      t.match(text.slice(text.lastIndexOf('\r\n\r\n', text.length - 5)), /two[^]*three/u);
      client.socket.destroy();
    },
  },
  {
    title: '`https://` in absolute form is forwarded over TLS that the bridge verifies',
    run: async (t, way) => {
      const { certFile, keyFile } = way.certificate;
      const server = createTlsServer(
        { cert: readFileSync(certFile), key: readFileSync(keyFile) },
        (request, response) => response.end(`[${request.method} ${request.url}]`),
      );
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.teardown(() => {
        server.close();
        server.closeAllConnections();
      });
      const { port } = server.address() as AddressInfo;
      const client = await ask(way, get(way, port, '', '/s').replace('http://', 'https://'));
      t.match(await client.until(/\[.*\]/u), /^HTTP\/1\.1 200 OK[^]*\[GET \/s\]$/u);
      client.socket.end(get(way, port, '', '/t').replace('http://', 'https://'));
      t.match(await client.rest(), /\[GET \/t\]/u, 'BusyBox wget half-closes after it');
    },
  },
  {
    title: 'a certificate that does not hold is 502 with its reason',
    run: async (t, way) => {
      const { keyFile, selfSignedFile } = way.certificate;
      const server = createTlsServer(
        { cert: readFileSync(selfSignedFile), key: readFileSync(keyFile) },
        (_request, response) => response.end('never'),
      );
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.teardown(() => {
        server.close();
        server.closeAllConnections();
      });
      const { port } = server.address() as AddressInfo;
      const client = await ask(way, get(way, port).replace('http://', 'https://'));
      const text = await client.until(/\r\n\r\n/u);
      t.match(text, /^HTTP\/1\.1 502 [^]*error=tls_certificate_error/u);
      client.socket.destroy();
    },
  },
  {
    title: 'a plain request whose client half-closes after it is answered',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        // Later than the FIN, so that whoever stops at it has stopped by then.
        request.on('end', () => setTimeout(() => response.end(`[${body}]`), 50));
      });
      for (const [index, [request, answer]] of (
        [
          [get(way, origin.port), /\[\]/u],
          [get(way, origin.port, 'Connection: close\r\n'), /\[\]/u],
          [post(way, origin.port, 'Content-Length: 4\r\n', 'body'), /\[body\]/u],
          [
            post(way, origin.port, 'Transfer-Encoding: chunked\r\n', '2\r\nhi\r\n0\r\n\r\n'),
            /\[hi\]/u,
          ],
        ] as const
      ).entries()) {
        const client = await ask(way);
        client.socket.end(request);
        t.match(await client.rest(), answer);
        t.match(await way.record(index), { status: 200, error: null, closeReason: 'complete' });
      }
    },
  },
  {
    title: 'RFC 9110 6.5: a trailer of a request passes',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (request, response) => {
        request.resume().on('end', () => response.end(`[${request.trailers['x-sum']}]`));
      });
      const client = await ask(
        way,
        post(
          way,
          origin.port,
          'Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n',
          '2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n',
        ),
      );
      t.match(await client.until(/\[.*\]/u), /\[42\]$/u);
      client.socket.destroy();
    },
  },
  {
    title: 'a CONNECT sent right behind a GET is a tunnel once the GET is answered',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (_request, response) => response.end('[got]'));
      const echo = await tcpOrigin(t, (socket) => socket.pipe(socket));
      const client = await ask(way, `${get(way, origin.port)}${connectTo(way, echo.port)}first`);
      t.match(await client.until(/first$/u), /\[got\][^]*HTTP\/1\.1 200 [^]*\r\n\r\nfirst$/u);
      client.socket.write(' and more');
      await client.until(/first and more$/u);
      client.socket.destroy();
    },
  },
  {
    title: '3,000 pipelined requests are answered in order, by few connections to the origin',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (request, response) => response.end(`[${request.url}]`));
      const client = await ask(way);
      client.socket.write(
        Array.from({ length: PIPELINED }, (_, at) => get(way, origin.port, '', `/${at}`)).join(''),
      );
      const text = await client.until(new RegExp(`\\[/${PIPELINED - 1}\\]`, 'u'));
      const answered = [...text.matchAll(/\[\/(\d+)\]/gu)].map((match) => Number(match[1]));
      t.strictSame(
        answered,
        Array.from({ length: PIPELINED }, (_, at) => at),
      );
      t.ok(origin.accepted.count <= 2, `${origin.accepted.count} connections`);
      client.socket.destroy();
    },
  },
  {
    title: "the client's side of an idle tunnel has a keepalive timer",
    run: async (t, way) => {
      const origin = await tcpOrigin(t, () => {});
      const { socket } = await openTunnel(way, origin.port);
      const here = ` 0100007F:${hex(way.httpPort)} 0100007F:${hex(socket.localPort)} 01 `;
      const row = await waitFor(
        () =>
          readFileSync('/proc/net/tcp', 'utf8')
            .split('\n')
            .find((line) => line.includes(here) && / 02:[\dA-F]{8} /u.test(line)),
        { what: 'the timer' },
      );
      t.ok(row);
      socket.destroy();
    },
  },
  {
    title: 'RFC 9112 3.2.4: OPTIONS for a whole server goes on as OPTIONS *',
    run: async (t, way) => {
      const origin = await rawOrigin(t, OK);
      const client = await ask(
        way,
        `OPTIONS http://${way.host}:${origin.port} HTTP/1.1\r\nHost: x\r\n\r\n`,
      );
      await client.until(/ok$/u);
      t.equal(firstLine(origin.got[0]), 'OPTIONS * HTTP/1.1');
      client.socket.destroy();
    },
  },
  {
    title:
      "RFC 9110 10.1.1: the origin's final answer comes instead of its 100, and the body is not sent",
    run: async (t, way) => {
      const origin = await rawOrigin(
        t,
        'HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno',
      );
      const client = await ask(
        way,
        post(way, origin.port, 'Expect: 100-continue\r\nContent-Length: 5\r\n', ''),
      );
      const text = await client.rest();
      t.match(text, /^HTTP\/1\.1 417 Expectation Failed\r\n[^]*connection: close\r\n[^]*no$/iu);
      t.match(origin.got[0], /expect: 100-continue\r\n/iu);
      t.equal(origin.got.length, 1);
      client.socket.destroy();
    },
  },
  {
    title: 'a connection that carried NTLM belongs to its client',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (request, response) => {
        response.end(`[${request.socket.remotePort}]`);
      });
      const portOf = (text: string): string | undefined => /\[(\d+)\][^[]*$/u.exec(text)?.[1];
      const bound = await ask(way, get(way, origin.port, 'Authorization: NTLM TlRMTVNTUAAB\r\n'));
      const first = portOf(await bound.until(/\[\d+\]/u));
      const stranger = await ask(way, get(way, origin.port));
      t.not(portOf(await stranger.until(/\[\d+\]/u)), first, 'another client gets another one');
      bound.socket.write(get(way, origin.port));
      t.equal(portOf(await bound.until(/\[\d+\][^]*\[\d+\]/u)), first, 'and it keeps its own');
      bound.socket.destroy();
      stranger.socket.destroy();
      await waitFor(() => origin.open.size <= 1, { what: 'the end of the bound one' });
    },
  },
  {
    title: 'heads of 60 KB pass both ways',
    run: async (t, way) => {
      const long = `X-Long: ${'a'.repeat(60_000)}\r\n`;
      const origin = await rawOrigin(t, `HTTP/1.1 200 OK\r\n${long}Content-Length: 2\r\n\r\nok`);
      const client = await ask(way, get(way, origin.port, long));
      t.ok((await client.until(/ok$/u)).includes(long));
      t.ok(origin.got[0]?.includes(long));
      client.socket.destroy();
    },
  },
  {
    title: 'a hostile origin costs its own request, and is not read to its end',
    run: async (t, way) => {
      const hostile: [what: string, begin: string, more: string, error: string][] = [
        ['endless 1xx', '', 'HTTP/1.1 102 Processing\r\n\r\n', 'http_protocol_error'],
        ['an endless head', 'HTTP/1.1 200 OK\r\nX: ', 'a', 'http_response_header_section_size'],
        [
          'a chunk of 2^64',
          'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n',
          'a',
          'http_response_incomplete',
        ],
        [
          'a flood of trailers',
          'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n',
          'X: y\r\n',
          'http_response_incomplete',
        ],
      ];
      for (const [index, [what, begin, more, error]] of hostile.entries()) {
        let written = 0;
        const piece = more.repeat(Math.ceil(16_384 / more.length));
        const origin = await tcpOrigin(t, (socket) => {
          socket.resume();
          socket.once('data', () => {
            socket.write(begin);
            const pour = (): void => {
              do written += piece.length;
              while (!socket.destroyed && written < 64 << 20 && socket.write(piece));
            };
            socket.on('drain', pour);
            pour();
          });
        });
        const client = await ask(way, get(way, origin.port));
        const text = await client.until(/\r\n\r\n/u);
        t.match(text, /^HTTP\/1\.1 (?:102|200|502) /u, what);
        t.match(await way.record(index), { error }, what);
        await waitFor(() => origin.open.size === 0, { what: `the end of ${what}` });
        t.ok(written < 32 << 20, `${what}: ${written} bytes`);
        client.socket.destroy();
      }
      const origin = await rawOrigin(t, OK);
      const client = await ask(way, get(way, origin.port));
      await client.until(/ok$/u);
      client.socket.destroy();
    },
  },
  {
    title: 'a failed CONNECT says why in its reason phrase, in at most 120 characters',
    run: async (t, way) => {
      const client = await ask(way, connectTo(way, 1));
      const [, reason = ''] = /^HTTP\/1\.1 502 (.*)\r\n/u.exec(await client.rest()) ?? [];
      t.match(reason, `${way.host}:1`);
      t.ok(reason.length <= 120, reason);
    },
  },
];
