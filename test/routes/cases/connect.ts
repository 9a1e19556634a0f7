/** CONNECT (RFC 9110 9.3.6). */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { tcpOrigin } from '../../support/origins.ts';
import { waitFor } from '../../support/wait-for.ts';
import { ask, connectTo, endOf, openTunnel } from '../ask.ts';
import type { WireCase } from '../wire-case.ts';

const CLOSES_BOTH = 'its SOCKS port ends both directions where one has ended';
const NO_RESET = 'a reset beyond the SOCKS port arrives as an end';

export const connectCases: WireCase[] = [
  {
    title: 'a CONNECT that is no authority, or says it has content, is 400 and dials nobody',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, () => {});
      const at = `${way.host}:${origin.port}`;
      const requests = [
        `CONNECT ${way.host} HTTP/1.1\r\n\r\n`,
        `CONNECT ${way.host}: HTTP/1.1\r\n\r\n`,
        `CONNECT ${way.host}:0 HTTP/1.1\r\n\r\n`,
        `CONNECT ${way.host}:65536 HTTP/1.1\r\n\r\n`,
        `CONNECT ${way.host}:99999999999 HTTP/1.1\r\n\r\n`,
        `CONNECT user@${at} HTTP/1.1\r\n\r\n`,
        `CONNECT http://${at} HTTP/1.1\r\n\r\n`,
        `CONNECT /${at} HTTP/1.1\r\n\r\n`,
        'CONNECT ::1:80 HTTP/1.1\r\n\r\n',
        `CONNECT ${at} HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello`,
        `CONNECT ${at} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        `CONNECT ${at} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`,
        `CONNECT ${at} HTTP/1.1\r\nX : a\r\n\r\n`,
        `CONNECT ${at} HTTP/1.1\r\nX: a\u0000\r\n\r\n`,
        `CONNECT ${at} HTTP/1.1\nX: a\n\n`,
        `CONNECT ${at}\r\n\r\n`,
      ];
      for (const [index, request] of requests.entries()) {
        const client = await ask(way, request);
        const text = await client.rest();
        t.match(text, /^HTTP\/1\.1 400 /u, JSON.stringify(request));
        t.match(text, /Proxy-Status: spacetail; error=http_request_error/u);
        t.match(await way.record(index), {
          status: 400,
          error: 'http_request_error',
          route: 'deny',
        });
        client.socket.destroy();
      }
      t.equal(way.records().length, requests.length);
      t.equal(origin.accepted.count, 0);
    },
  },
  {
    title: 'a CONNECT where nobody listens is 502',
    run: async (t, way) => {
      const client = await ask(way, connectTo(way, 1));
      t.match(await client.rest(), /^HTTP\/1\.1 502 [^]*error=connection_refused/u);
      t.match(await way.record(), { status: 502, error: 'connection_refused', proto: 'connect' });
    },
  },
  {
    title: 'the 200 of a CONNECT has no length and no coding, for HTTP/1.0 too',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
      for (const version of ['1.1', '1.0']) {
        const client = await ask(
          way,
          `CONNECT ${way.host}:${origin.port} HTTP/${version}\r\nHost: x\r\n\r\n`,
        );
        t.equal(await client.until(/\r\n\r\n/u), 'HTTP/1.1 200 Connection established\r\n\r\n');
        client.socket.destroy();
      }
    },
  },
  {
    title: 'bytes glued to the head of a CONNECT are the first of the tunnel, whatever they are',
    run: async (t, way) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      const origin = await tcpOrigin(t, (socket) => {
        let text = '';
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString('latin1');
          if (text.length === 40_007) resolve(text);
        });
      });
      const glued = '\u0016\u0003\u0001\u0000'.repeat(10_000);
      const client = await ask(way, `${connectTo(way, origin.port)}${glued}`);
      await client.until(/200/u);
      client.socket.write('and end');
      t.equal(await promise, `${glued}and end`);
      client.socket.destroy();
    },
  },
  {
    title: 'a tunnel carries both ways at once, unaltered, and is logged with its bytes',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
      const client = await openTunnel(way, origin.port);
      const sent = randomBytes(4 * 1024 * 1024);
      const received: Buffer[] = [];
      let count = 0;
      const { promise, resolve } = Promise.withResolvers<void>();
      client.socket.on('data', (chunk: Buffer) => {
        received.push(chunk);
        count += chunk.length;
        if (count >= sent.length) resolve();
      });
      client.socket.write(sent);
      await promise;
      t.ok(Buffer.concat(received).equals(sent), 'every byte comes back');
      client.socket.destroy();
      t.match(await way.record(), {
        proto: 'connect',
        method: 'CONNECT',
        status: 200,
        error: null,
        bytesUp: sent.length,
        bytesDown: sent.length,
        closeReason: 'client_closed',
      });
    },
  },
  {
    title: 'an origin that speaks first is heard at once, and its end is the end',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => socket.end('SSH-2.0-banner\r\n'));
      const client = await ask(way, connectTo(way, origin.port));
      t.match(await client.rest(), /banner\r\n$/u);
      client.socket.end();
      t.match(await way.record(), { closeReason: 'origin_closed', bytesDown: 16, error: null });
    },
  },
  {
    title: 'an origin that has half-closed still hears the client',
    not: { tailnet: CLOSES_BOTH, 'real tailnet': CLOSES_BOTH },
    run: async (t, way) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      const origin = await tcpOrigin(t, (socket) => {
        socket.end('hello');
        let text = '';
        socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
        socket.on('end', () => resolve(text));
      });
      const client = await ask(way, connectTo(way, origin.port));
      t.match(await client.rest(), /hello$/u);
      client.socket.end('still heard');
      t.equal(await promise, 'still heard');
      t.match(await way.record(), { closeReason: 'origin_closed', bytesUp: 11, bytesDown: 5 });
    },
  },
  {
    title: 'a client that half-closes a tunnel still hears the origin',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => {
        // Later than the client's FIN, so that whoever closes both ways at it loses this.
        socket.once('data', () => setTimeout(() => socket.end('the answer'), 50));
      });
      const client = await openTunnel(way, origin.port);
      client.socket.end('the question');
      t.match(await client.rest(), /the answer$/u);
      t.match(await way.record(), { closeReason: 'client_closed', bytesUp: 12, bytesDown: 10 });
    },
  },
  {
    title: 'an origin that waits for the end of what a client sends gets it',
    not: { tailnet: CLOSES_BOTH, 'real tailnet': CLOSES_BOTH },
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => {
        let text = '';
        socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
        socket.on('end', () => socket.end(`got ${text}`));
      });
      const client = await openTunnel(way, origin.port);
      client.socket.end('all of it');
      t.match(await client.rest(), /got all of it$/u);
      t.match(await way.record(), { closeReason: 'client_closed', bytesUp: 9, bytesDown: 13 });
    },
  },
  {
    title: 'a reset passes through a tunnel as a reset, both ways',
    not: { tailnet: NO_RESET, subnet: NO_RESET, 'real tailnet': NO_RESET },
    run: async (t, way) => {
      const seen = Promise.withResolvers<string | undefined>();
      const origin = await tcpOrigin(t, (socket) => {
        socket.on('error', ({ code }: NodeJS.ErrnoException) => seen.resolve(code));
        socket.on('data', (chunk: Buffer) => {
          if (chunk.toString() === 'reset') socket.resetAndDestroy();
        });
      });
      const first = await openTunnel(way, origin.port);
      first.socket.write('reset');
      t.equal(await endOf(first), 'ECONNRESET');
      t.match(await way.record(), {
        closeReason: 'origin_reset',
        error: 'connection_terminated',
        status: 200,
      });
      const second = await openTunnel(way, origin.port);
      second.socket.resetAndDestroy();
      t.equal(await seen.promise, 'ECONNRESET');
      t.match(await way.record(1), { closeReason: 'client_reset' });
    },
  },
  {
    title: 'a reset on one side of a tunnel ends the other side',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => {
        socket.on('data', (chunk: Buffer) => {
          if (chunk.toString() === 'reset') socket.resetAndDestroy();
        });
        socket.on('end', () => socket.end());
      });
      const first = await openTunnel(way, origin.port);
      first.socket.write('reset');
      await endOf(first);
      first.socket.end();
      t.match(await way.record(), { status: 200, closeReason: /^origin_/u });
      const second = await openTunnel(way, origin.port);
      second.socket.resetAndDestroy();
      t.match(await way.record(1), { closeReason: 'client_reset' });
      await waitFor(() => origin.open.size === 0, { what: 'no connection to the origin' });
      t.equal(await way.openTunnels(), 0);
    },
  },
  {
    title: 'a silent tunnel stays open, and carries when somebody speaks',
    run: async (t, way) => {
      const accepted = Promise.withResolvers<import('node:net').Socket>();
      const origin = await tcpOrigin(t, (socket) => accepted.resolve(socket));
      const client = await openTunnel(way, origin.port);
      const there = await accepted.promise;
      // As many turns as a whole other tunnel takes.
      const other = await tcpOrigin(t, (socket) => socket.end('other'));
      const between = await ask(way, connectTo(way, other.port));
      await between.rest();
      between.socket.end();
      there.write('down');
      await client.until(/down$/u);
      client.socket.write('up');
      const [chunk] = (await once(there, 'data')) as [Buffer];
      t.equal(chunk.toString(), 'up');
      client.socket.destroy();
    },
  },
];
