/**
 * The HTTP proxy that a container has to use. It reads no more of HTTP than it must, so that what a case finds is the
 * bridge's doing: CONNECT, and heads in absolute form at the start of what comes at once.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { Transform } from 'node:stream';
import { tcpOrigin } from '../support/origins.ts';
import type { Teardown } from '../support/teardown.ts';

const TARGET = /^(?<method>\S+) (?:http:\/\/)?[^/: ]+:(?<port>\d+)(?<path>\S*) HTTP\/1\.1\r\n/u;

/** Whatever host is asked for, the port is dialled on 127.0.0.1. @returns its port there */
export async function upstreamProxy(t: Teardown): Promise<number> {
  const proxy = await tcpOrigin(t, (client) => {
    let head = '';
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      client.off('data', onData).pause();
      const { method = '', port = '1', path = '' } = TARGET.exec(head)?.groups ?? {};
      const isTunnel = method === 'CONNECT';
      const rest = isTunnel
        ? head.slice(head.indexOf('\r\n\r\n') + 4)
        : head.replace(TARGET, firstLine(method, path));
      lead(client, Number(port), isTunnel, rest);
    };
    client.on('data', onData);
  });
  return proxy.port;
}

function lead(client: Socket, port: number, isTunnel: boolean, rest: string): void {
  const origin = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const refuse = (): void => {
    client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  };
  origin.on('error', refuse).on('connect', () => {
    origin.off('error', refuse).on('error', () => {});
    if (isTunnel) client.write('HTTP/1.1 200 OK\r\n\r\n');
    origin.write(rest, 'latin1');
    if (isTunnel) client.pipe(origin).pipe(client);
    else client.pipe(inOriginForm()).pipe(origin).pipe(client);
    mirror(client, origin);
    mirror(origin, client);
  });
}

/** In origin form (RFC 9112 3.2.1, 3.2.4). */
function firstLine(method: string, path: string): string {
  const whole = method === 'OPTIONS' ? '*' : '/';
  return `${method} ${path === '' ? whole : path} HTTP/1.1\r\n`;
}

/** Later requests of a connection: each head comes at the start of what comes at once. */
function inOriginForm(): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const text = chunk.toString('latin1');
      const { method = '', path = '' } = TARGET.exec(text)?.groups ?? {};
      const origin = text.replace(TARGET, firstLine(method, path));
      done(null, method === '' ? chunk : Buffer.from(origin, 'latin1'));
    },
  });
}

/** A connection that goes without an end takes the other with it, by a reset. */
function mirror(from: Socket, to: Socket): void {
  from.on('close', () => {
    if (!from.readableEnded || from.errored) to.resetAndDestroy();
  });
}
