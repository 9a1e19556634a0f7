/** SOCKS5 (RFC 1928), with socksv5's client as the one that knows nothing of us. */
import { once } from 'node:events';
import { rawClient } from '../../support/bridge.ts';
import { tcpOrigin } from '../../support/origins.ts';
import { connectBySocksv5 } from '../../support/socksv5-client.ts';
import { waitFor } from '../../support/wait-for.ts';
import { socksTo } from '../ask.ts';
import type { WireCase } from '../wire-case.ts';

export const socks5Cases: WireCase[] = [
  {
    title: "socksv5's client reaches the origin, and its bytes are logged",
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
      const socket = await connectBySocksv5(way.socksPort, { host: way.host, port: origin.port });
      socket.write('hello');
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      t.equal(chunk.toString(), 'hello');
      socket.destroy();
      t.match(await way.record(), {
        proto: 'socks5',
        method: 'CONNECT',
        status: 200,
        bytesUp: 5,
        bytesDown: 5,
      });
    },
  },
  {
    title: 'greeting, SOCKS request and first bytes may come as one, or byte by byte',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
      const bytes = Buffer.concat([socksTo(way, origin.port), Buffer.from('early')]);
      const glued = await rawClient(way.socksPort, bytes);
      t.match(await glued.until(/early$/u), /early$/u);
      glued.socket.destroy();
      const slow = await rawClient(way.socksPort);
      slow.socket.setNoDelay(true);
      for (const byte of bytes) {
        slow.socket.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      t.match(await slow.until(/early$/u), /early$/u);
      slow.socket.destroy();
    },
  },
  {
    title: 'SOCKS5 where nobody listens is reply 5, and the reply is whole',
    run: async (t, way) => {
      const client = await rawClient(way.socksPort, socksTo(way, 1));
      const answer = Buffer.from(await client.rest(), 'latin1').toString('hex');
      t.equal(answer, '050005050001000000000000');
      t.match(await way.record(), { proto: 'socks5', status: 502, error: 'connection_refused' });
    },
  },
  {
    title: 'a SOCKS client that half-closes still hears the origin',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => {
        socket.once('data', () => setTimeout(() => socket.end('the answer'), 50));
      });
      const client = await rawClient(way.socksPort, socksTo(way, origin.port));
      client.socket.end('the question');
      t.match(await client.rest(), /the answer$/u);
    },
  },
  {
    title: 'a SOCKS client that goes away at any moment leaves nothing open',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
      const bytes = Buffer.concat([socksTo(way, origin.port), Buffer.from('early')]);
      for (let cut = 1; cut <= bytes.length; cut += 1) {
        const client = await rawClient(way.socksPort, bytes.subarray(0, cut));
        if (cut % 2 === 0) client.socket.resetAndDestroy();
        else client.socket.destroy();
      }
      const last = await rawClient(way.socksPort, bytes);
      t.match(await last.until(/early$/u), /early$/u);
      last.socket.destroy();
      await waitFor(async () => origin.open.size === 0 && (await way.openTunnels()) === 0, {
        what: 'no connection and no tunnel',
      });
    },
  },
];
