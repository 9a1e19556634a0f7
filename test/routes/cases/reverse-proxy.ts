/** A service behind a reverse proxy that others wrote (http-proxy). */
import { createHash } from 'node:crypto';
import { httpOrigin, tcpOrigin } from '../../support/origins.ts';
import { reverseProxy } from '../../support/reverse-proxy.ts';
import { waitFor } from '../../support/wait-for.ts';
import { ask, get, post } from '../ask.ts';
import type { WireCase } from '../wire-case.ts';

/** RFC 6455 4.2.2 */
const acceptOf = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

export const reverseProxyCases: WireCase[] = [
  {
    title: 'behind a reverse proxy: requests one after the other use one connection',
    run: async (t, way) => {
      const service = await httpOrigin(t, (request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => response.end(`[${request.method} ${request.url} ${body}]`));
      });
      const front = await reverseProxy(t, service.port);
      const client = await ask(way, get(way, front.port, '', '/a'));
      await client.until(/\[GET \/a \]/u);
      client.socket.write(post(way, front.port, 'Content-Length: 4\r\n', 'body'));
      await client.until(/\[POST \/ body\]/u);
      client.socket.write(
        post(way, front.port, 'Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\n'),
      );
      t.match(await client.until(/\[POST \/ abc\]/u), /200 OK/u);
      t.equal(front.accepted.count, 1, 'to the reverse proxy');
      t.equal(service.accepted.count, 1, 'and from there');
      client.socket.destroy();
    },
  },
  {
    title: 'behind a reverse proxy: a WebSocket carries both ways and ends both ways',
    run: async (t, way) => {
      const service = await httpOrigin(t, (_request, response) => response.end());
      service.server.on('upgrade', (request, socket) => {
        socket.on('error', () => socket.destroy());
        const accept = acceptOf(request.headers['sec-websocket-key'] ?? '');
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        );
        socket.pipe(socket);
      });
      const front = await reverseProxy(t, service.port);
      const key = 'dGhlIHNhbXBsZSBub25jZQ==';
      const client = await ask(
        way,
        get(
          way,
          front.port,
          `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n`,
        ),
      );
      const head = await client.until(/^HTTP\/1\.1 101 [^]*\r\n\r\n/u);
      t.match(head.toLowerCase(), `sec-websocket-accept: ${acceptOf(key)}`.toLowerCase());
      client.socket.write('a frame');
      await client.until(/a frame$/u);
      client.socket.destroy();
      t.match(await way.record(), { status: 101, bytesUp: 7, bytesDown: 7 });
      await waitFor(() => service.open.size === 0, { what: 'no connection to the service' });
    },
  },
  {
    title: 'behind a reverse proxy: an answer that the service cuts does not look whole',
    run: async (t, way) => {
      const cut = [
        'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n',
      ];
      for (const [index, answer] of cut.entries()) {
        const service = await tcpOrigin(t, (socket) => {
          socket.once('data', () => socket.end(answer));
        });
        const front = await reverseProxy(t, service.port);
        const client = await ask(way, get(way, front.port));
        const text = await client.rest();
        t.match(text, /200 OK[^]*half/u);
        t.notMatch(text, /\r\n0\r\n\r\n$/u);
        t.match(await way.record(index), { status: 200, error: 'http_response_incomplete' });
      }
    },
  },
  {
    title:
      'behind a reverse proxy: an upload that its client cuts never looks whole to the service',
    run: async (t, way) => {
      const ends: string[] = [];
      const service = await httpOrigin(t, (request, response) => {
        request.resume();
        request.on('end', () => ends.push('whole')).on('error', () => ends.push('cut'));
        response.on('error', () => {});
      });
      const front = await reverseProxy(t, service.port);
      for (const head of ['Content-Length: 100\r\n', 'Transfer-Encoding: chunked\r\n']) {
        const before = service.accepted.count;
        const body = head.startsWith('C') ? 'half' : '4\r\nhalf\r\n';
        const client = await ask(way, post(way, front.port, head, body));
        await waitFor(() => service.accepted.count > before || service.open.size > 0, {
          what: 'the request at the service',
        });
        client.socket.destroy();
        await waitFor(() => service.open.size === 0, { what: 'no connection to the service' });
      }
      t.notOk(ends.includes('whole'), ends.join(', '));
    },
  },
];
