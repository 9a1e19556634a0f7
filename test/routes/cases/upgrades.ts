/** Upgrades in absolute form (RFC 9110 7.8). */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { httpOrigin, tcpOrigin } from '../../support/origins.ts';
import { waitFor } from '../../support/wait-for.ts';
import { ask } from '../ask.ts';
import type { WireCase } from '../wire-case.ts';
import type { Way } from '../way.ts';

const wish = ({ host }: Way, port: number, more = '', scheme = 'http'): string =>
  `GET ${scheme}://${host}:${port}/chat HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n${more}\r\n`;

export const upgradeCases: WireCase[] = [
  {
    // By the tailnet it hung until the client gave up.
    title: 'after a 101 both sides are a tunnel, first bytes included',
    run: async (t, way) => {
      const seen = Promise.withResolvers<string[]>();
      const server = createServer().on('upgrade', (request, socket, head: Buffer) => {
        seen.resolve(request.rawHeaders);
        socket.on('error', () => socket.destroy());
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-A: 1\r\nX-A: 2\r\n\r\nhello',
        );
        if (head.length > 0) socket.write(head);
        socket.pipe(socket);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.teardown(() => server.close());
      const { port } = server.address() as AddressInfo;
      const client = await ask(way, `${wish(way, port, 'X-Hop: 1\r\n', 'ws')}frame`);
      const text = await client.until(/helloframe$/u);
      t.match(text, /^HTTP\/1\.1 101 Switching Protocols\r\n/u);
      t.match(text, /Connection: Upgrade\r\n/iu);
      t.match(text, /Upgrade: websocket\r\n/iu);
      t.match(text, /X-A: 1\r\nX-A: 2/u);
      const raw = (await seen.promise).join('\n');
      t.match(raw.toLowerCase(), `host\n${way.host}:${port}`);
      t.match(raw, /Upgrade\nwebsocket/u);
      client.socket.write(' and more');
      await client.until(/ and more$/u);
      client.socket.destroy();
      t.match(await way.record(), {
        proto: 'http',
        method: 'GET',
        status: 101,
        closeReason: 'client_closed',
        bytesUp: 14,
        bytesDown: 19,
      });
    },
  },
  {
    title: 'an origin that declines an upgrade is heard',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (_request, response) =>
        response.writeHead(426, { 'X-Why': 'no' }).end('no upgrade'),
      );
      const client = await ask(way, wish(way, origin.port));
      const text = await client.until(/no upgrade/u);
      t.match(text, /^HTTP\/1\.1 426 Upgrade Required\r\n[^]*X-Why: no[^]*no upgrade/u);
      t.match(await way.record(), { status: 426, error: null, bytesDown: 10 });
      client.socket.destroy();
      await waitFor(() => origin.open.size === 0, { what: 'no connection to the origin' });
    },
  },
  {
    title: 'a declining answer that is cut does not look complete',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => {
        socket.once('data', () => socket.end('HTTP/1.1 400 No\r\nContent-Length: 100\r\n\r\nhalf'));
      });
      const client = await ask(way, wish(way, origin.port));
      t.match(await client.rest(), /Content-Length: 100\r\n[^]*\r\n\r\nhalf$/u);
      t.match(await way.record(), { status: 400, error: 'http_response_incomplete' });
    },
  },
  {
    title: 'h2c is not asked for, and the request is forwarded without the wish',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => response.end(`[${request.headers.upgrade ?? 'none'} ${body}]`));
      });
      const client = await ask(
        way,
        `POST http://${way.host}:${origin.port}/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: 4\r\n\r\nbody`,
      );
      t.match(await client.until(/\[.*\]/u), /\[none body\]/u);
      client.socket.destroy();
    },
  },
  {
    title: 'an upgrade where nobody listens is 502, a malformed one 400',
    run: async (t, way) => {
      const nobody = await ask(way, wish(way, 1));
      await nobody.until(/^HTTP\/1\.1 502 [^]*error=connection_refused/u);
      nobody.socket.destroy();
      const malformed = await ask(way, wish(way, 99_999));
      t.match(await malformed.rest(), /^HTTP\/1\.1 400 /u);
      await way.record(1);
      t.strictSame(
        way.records().map(({ status }) => status),
        [502, 400],
      );
    },
  },
  {
    title: 'a client or an origin that goes away amid an upgrade leaves nothing open',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => {
        socket.once('data', (chunk: Buffer) => {
          if (chunk.includes('die')) socket.destroy();
        });
        socket.on('end', () => socket.end());
      });
      const gone = await ask(way, wish(way, origin.port));
      await waitFor(() => origin.open.size === 1);
      gone.socket.resetAndDestroy();
      await waitFor(() => origin.open.size === 0);
      const ended = await ask(way, wish(way, origin.port));
      await waitFor(() => origin.open.size === 1);
      ended.socket.destroy();
      await waitFor(() => origin.open.size === 0);
      t.match(await way.record(1), { status: 499 });
      const left = await ask(way, wish(way, origin.port, 'X-Now: die\r\n'));
      t.match(await left.until(/\r\n\r\n/u), /^HTTP\/1\.1 502 /u);
      left.socket.destroy();
    },
  },
];
