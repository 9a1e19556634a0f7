/** Answers: 1xx, trailers, answers without a body, cut and unreadable ones. */
import { httpOrigin, tcpOrigin } from '../../support/origins.ts';
import { ask, endOf, get, oldGet, post, rawOrigin } from '../ask.ts';
import type { WireCase } from '../wire-case.ts';

const cuts: [what: string, answer: string][] = [
  ['a length that is not reached', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'],
  ['chunks without an end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ['a chunk that is cut', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf'],
];

const unreadable: [bytes: string, error: string][] = [
  ['SSH-2.0-OpenSSH_9\r\n', 'http_protocol_error'],
  ['', 'connection_terminated'],
  ['HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc', 'http_protocol_error'],
  [
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc',
    'http_protocol_error',
  ],
  [`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(200_000)}\r\n\r\n`, 'http_response_header_section_size'],
];

export const answerCases: WireCase[] = [
  {
    title: 'RFC 9110 15.2: 103 passes on before the final answer, but never to HTTP/1.0',
    run: async (t, way) => {
      const origin = await rawOrigin(
        t,
        'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      );
      const client = await ask(way, get(way, origin.port));
      t.match(
        await client.until(/ok$/u),
        /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>[^]*HTTP\/1\.1 200 OK/u,
      );
      client.socket.destroy();
      const old = await ask(way, oldGet(way, origin.port));
      t.match(await old.rest(), /^HTTP\/1\.1 200 OK/u);
    },
  },
  {
    title: 'RFC 9110 6.5: trailers of an answer pass',
    run: async (t, way) => {
      const origin = await rawOrigin(
        t,
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 42\r\n\r\n',
      );
      const client = await ask(way, get(way, origin.port));
      t.match(await client.until(/X-Sum: 42\r\n\r\n$/u), /Trailer: X-Sum[^]*ok\r\n0\r\nX-Sum: 42/u);
      client.socket.destroy();
    },
  },
  {
    title:
      'RFC 9110 9.3.2, 15.3.5, 15.4.5: HEAD, 204 and 304 have no body, and the connection stays usable',
    run: async (t, way) => {
      const answers = [
        'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nConnection: keep-alive\r\n\r\n',
        'HTTP/1.1 204 No Content\r\n\r\n',
        'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n',
        'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlast',
      ];
      const origin = await rawOrigin(t, (n) => answers[n - 1] ?? '');
      const client = await ask(way, get(way, origin.port).replace('GET', 'HEAD'));
      t.match(await client.until(/\r\n\r\n$/u), /Content-Length: 1000/u);
      client.socket.write(get(way, origin.port));
      t.match(await client.until(/204 No Content[^]*\r\n\r\n$/u), /204/u);
      client.socket.write(get(way, origin.port));
      t.match(await client.until(/304 Not Modified[^]*\r\n\r\n$/u), /ETag: "a"/u);
      client.socket.write(get(way, origin.port));
      t.match(await client.until(/last$/u), /200 OK/u);
      client.socket.destroy();
    },
  },
  ...cuts.map(([what, answer]): WireCase => ({
    title: `RFC 9112 8: ${what} does not look complete to the client`,
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => {
        socket.once('data', () => socket.end(answer));
      });
      const client = await ask(way, get(way, origin.port));
      const text = await client.rest();
      t.match(text, /200 OK/u);
      t.notMatch(text, /\r\n0\r\n\r\n$/u);
      t.match(await way.record(), {
        status: 200,
        error: 'http_response_incomplete',
        closeReason: 'origin_closed',
      });
      const old = await ask(way, oldGet(way, origin.port));
      t.equal(await endOf(old), 'ECONNRESET', 'HTTP/1.0 has only the reset to tell by');
    },
  })),
  {
    title: 'RFC 9112 6.3: an answer that ends with the connection is whole',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => {
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end'));
      });
      const client = await ask(way, get(way, origin.port));
      t.match(await client.until(/0\r\n\r\n$/u), /until the end\r\n0\r\n\r\n$/u);
      t.match(await way.record(), { error: null, bytesDown: 13 });
      client.socket.destroy();
    },
  },
  {
    title: 'what is not HTTP is 502, and so is an origin that says nothing and closes',
    run: async (t, way) => {
      for (const [index, [bytes, error]] of unreadable.entries()) {
        const origin = await tcpOrigin(t, (socket) => {
          socket.once('data', () => socket.end(bytes));
        });
        const client = await ask(way, get(way, origin.port));
        t.match(await client.until(/\r\n\r\n/u), /^HTTP\/1\.1 502 /u, bytes.slice(0, 30));
        t.match(await way.record(index), { status: 502, error }, bytes.slice(0, 30));
        client.socket.destroy();
      }
    },
  },
  {
    title: 'RFC 9112 9.3.2: pipelined requests are answered in order',
    run: async (t, way) => {
      const first = Promise.withResolvers<void>();
      const origin = await httpOrigin(t, (request, response) => {
        if (request.url === '/1') void first.promise.then(() => response.end('[/1]'));
        else response.end(`[${request.url}]`);
        // Whatever comes before the first is answered comes first on the wire, or has to wait.
        setImmediate(() => first.resolve());
      });
      const client = await ask(
        way,
        ['/1', '/2', '/3'].map((path) => get(way, origin.port, '', path)).join(''),
      );
      t.match(await client.until(/\[\/3\]/u), /\[\/1\][^]*\[\/2\][^]*\[\/3\]/u);
      client.socket.destroy();
    },
  },
  {
    title:
      'RFC 9112 9.2: an idle connection that the origin closed costs an idempotent request nothing',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => {
        let count = 0;
        socket.on('data', () => {
          count += 1;
          // The second request on a connection finds it closed, after it was written.
          if (count === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
          else socket.destroy();
        });
      });
      const client = await ask(way, get(way, origin.port));
      await client.until(/ok$/u);
      client.socket.write(get(way, origin.port, 'X-Second: 1\r\n'));
      await client.until(/ok[^]*ok$/u);
      t.equal(origin.accepted.count, 2);
      client.socket.write(post(way, origin.port, 'Content-Length: 1\r\n', 'x'));
      await client.until(/502 Bad Gateway[^]*$/u);
      t.equal(origin.accepted.count, 2, 'a POST is never sent twice');
      await way.record(2);
      t.strictSame(
        way.records().map(({ status }) => status),
        [200, 200, 502],
      );
      client.socket.destroy();
    },
  },
  {
    title:
      'an origin that answers before the upload has ended is heard, and the connection stays usable',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (request, response) => {
        if (request.method === 'POST') response.writeHead(413).end('too large');
        else response.end('next');
      });
      const client = await ask(
        way,
        post(way, origin.port, 'Content-Length: 1000000\r\n', 'a'.repeat(500_000)),
      );
      await client.until(/413 [^]*too large/u);
      client.socket.write('a'.repeat(500_000));
      client.socket.write(get(way, origin.port));
      await client.until(/next/u);
      t.match(await way.record(), { status: 413 });
      client.socket.destroy();
    },
  },
  {
    title: 'the head of a slow answer does not wait for its body',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.flushHeaders();
      });
      const client = await ask(way, get(way, origin.port));
      t.match(await client.until(/\r\n\r\n$/u), /text\/event-stream/u);
      client.socket.destroy();
    },
  },
];
