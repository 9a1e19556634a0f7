import '../tailnet/inside.ts'; // first
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import t from 'tap';
import { waitFor } from '../support/wait-for.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { startBridgeProcess } from './bridge-process.ts';

t.setTimeout(300_000);
const { facts } = await useTailnet(t);
const bridge = await startBridgeProcess(t, facts, { env: { SPACETAIL_ALLOW_LOCAL: '127.0.0.1' } });
/** Both lead to this machine's loopback. */
const hosts = { tailnet: 'web', direct: '127.0.0.1' };
const port = facts.tailnetOrigin.http;

async function client(to: number, bytes: string | Buffer = ''): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: to, allowHalfOpen: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (bytes.length > 0) socket.write(bytes);
  return socket;
}

const clients = (count: number, to: number, bytes?: string): Promise<Socket[]> =>
  Promise.all(Array.from({ length: count }, () => client(to, bytes)));

/** A client that reads what comes, and is told when it is over. */
async function ended(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await once(socket, 'close').catch(() => {});
}

void t.test('2,000 silent connections keep nobody out', async (t) => {
  const before = bridge.size();
  const silent = [
    ...(await clients(1000, bridge.httpPort)),
    ...(await clients(1000, bridge.socksPort)),
  ];
  t.match(await bridge.carry('connect', { limitMs: 5000 }), { kind: 'whole' });
  for (const socket of silent) socket.destroy();
  await t.resolves(bridge.isWell(before));
});

void t.test('slow senders of heads keep nobody out', async (t) => {
  const before = bridge.size();
  const slow = await clients(500, bridge.httpPort, 'GET http://web/ HTTP/1.1\r\nX-Slow: ');
  const drip = setInterval(() => {
    for (const socket of slow) socket.write('a');
  }, 250);
  t.match(await bridge.carry('connect', { limitMs: 5000 }), { kind: 'whole' });
  t.match(await bridge.carry('socks5', { limitMs: 5000 }), { kind: 'whole' });
  const [first] = slow;
  const text: Buffer[] = [];
  first?.on('data', (chunk: Buffer) => text.push(chunk));
  await waitFor(() => Buffer.concat(text).toString().startsWith('HTTP/1.1 408 '), {
    deadlineMs: 60_000,
    what: 'a 408 for a head that takes longer than 30 s',
  });
  clearInterval(drip);
  for (const socket of slow) socket.destroy();
  await t.resolves(bridge.isWell(before));
});

for (const [route, host] of Object.entries(hosts)) {
  void t.test(`${route}: 2,500 connects and closes, at every moment of a request`, async (t) => {
    const before = bridge.size();
    const request = `CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\nGET / HTTP/1.1\r\nHost: web\r\n\r\n`;
    const sizes: number[] = [];
    for (let round = 0; round < 50; round += 1) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, at) => {
          const cut = (round * 50 + at) % request.length;
          const socket = await client(bridge.httpPort, request.slice(0, cut));
          if (at % 2 === 0) socket.resetAndDestroy();
          else socket.destroy();
        }),
      );
      if (round % 25 === 24) {
        await t.resolves(bridge.isWell(before));
        sizes.push(bridge.size().megabytes);
      }
    }
    t.comment(
      `MB before, after 1,250 and 2,500: ${[before.megabytes, ...sizes].map(Math.round).join(', ')}`,
    );
    t.ok(
      (sizes[1] ?? 0) < (sizes[0] ?? 0) + 48,
      'the second half needs no more memory than the first',
    );
  });
}

for (const [route, host] of Object.entries(hosts)) {
  void t.test(
    `${route}: a client that never reads holds its origin back, and is no burden once it is gone`,
    async (t) => {
      const before = bridge.size();
      const request = `CONNECT ${host}:${port} HTTP/1.1\r\n\r\nGET /bytes/200000000 HTTP/1.1\r\nHost: web\r\n\r\n`;
      const deaf = await clients(10, bridge.httpPort, request);
      for (const socket of deaf) socket.pause();
      t.match(await bridge.carry('forward', { bytes: 5_000_000 }), { kind: 'whole' });
      t.ok(bridge.size().megabytes < before.megabytes + 96, `${bridge.size().megabytes} MB`);
      for (const socket of deaf) socket.destroy();
      await t.resolves(bridge.isWell(before));
    },
  );
}

for (const [route, host] of Object.entries(hosts)) {
  void t.test(
    `${route}: an origin that never reads holds its client back, not the memory`,
    async (t) => {
      const deafOrigin = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
      await once(deafOrigin, 'listening');
      const held = new Set<Socket>();
      deafOrigin.on('connection', (socket) => {
        socket.on('error', () => {});
        held.add(socket);
      });
      t.teardown(() => {
        for (const socket of held) socket.destroy();
        deafOrigin.close();
      });
      const { port: deafPort } = deafOrigin.address() as { port: number };
      const before = bridge.size();
      const senders = await clients(
        4,
        bridge.httpPort,
        `CONNECT ${host}:${deafPort} HTTP/1.1\r\n\r\n`,
      );
      const block = Buffer.alloc(1 << 20);
      let sent = 0;
      for (const socket of senders) {
        socket.resume();
        const more = (): void => {
          do sent += block.length;
          while (socket.write(block) && sent < 400 * block.length);
        };
        socket.on('drain', more);
        more();
      }
      let last = -1;
      await waitFor(() => sent === last || ((last = sent), false), {
        intervalMs: 1000,
        deadlineMs: 60_000,
        what: 'senders that are held back',
      });
      t.ok(sent < 400 * block.length, `${sent} bytes were taken in`);
      t.match(await bridge.carry('forward', { bytes: 1_000_000 }), { kind: 'whole' });
      t.ok(bridge.size().megabytes < before.megabytes + 96, `${bridge.size().megabytes} MB`);
      // What they have sent is still owed to the origin, until it is gone or has not read for five minutes.
      for (const socket of senders) socket.destroy();
      for (const socket of held) socket.destroy();
      await t.resolves(bridge.isWell(before));
    },
  );
}

void t.test('random bytes to both listeners', async (t) => {
  const before = bridge.size();
  const heads = [
    '',
    `CONNECT web:${port} HTTP/1.1\r\n`,
    `GET http://web:${port}/ HTTP/1.1\r\n`,
    '\u0005\u0001\u0000\u0005\u0001\u0000',
  ];
  for (let round = 0; round < 300; round += 1) {
    const head = Buffer.from(heads[round % heads.length] ?? '', 'latin1');
    const to = round % 2 === 0 ? bridge.httpPort : bridge.socksPort;
    const socket = await client(to, Buffer.concat([head, randomBytes(1 + (round % 700))]));
    socket.end();
    await ended(socket);
  }
  await t.resolves(bridge.isWell(before));
});
