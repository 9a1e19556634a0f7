import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import t from 'tap';
import { buildLoad, loadOf } from './load.ts';

const load = loadOf(await buildLoad());
const origin = await load.origin();
t.teardown(() => origin.stop());
const at = (port: number): string => `127.0.0.1:${port}`;

/** A CONNECT proxy that may touch what the origin sends. */
async function proxy(touch: (chunk: Buffer) => Buffer): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    sockets.push(client);
    client.once('data', (head) => {
      const port = /:(\d+) HTTP/.exec(head.toString())?.[1];
      const upstream = connect(Number(port), '127.0.0.1');
      sockets.push(upstream);
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(upstream);
      upstream.on('data', (chunk: Buffer) => client.write(touch(chunk)));
      upstream.on('end', () => client.end());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://${at((server.address() as AddressInfo).port)}`;
}

void t.test('its ceiling is measured without a proxy, in every mode', async (t) => {
  const direct = { proxy: '', streams: 2 };
  const setup = await load.measure('setup', { ...direct, target: at(origin.echo), count: 20 });
  t.match(setup, { count: 20, errors: {} });
  t.ok(setup.p50Ms > 0 && setup.p50Ms <= setup.p99Ms && setup.p99Ms <= setup.maxMs);
  const tls = await load.measure('tls', { ...direct, target: at(origin.tls), count: 20 });
  t.match(tls, { count: 20, errors: {} });
  const forward = await load.measure('forward', { ...direct, target: at(origin.http), count: 20 });
  t.match(forward, { count: 20, errors: {} });
  for (const up of [true, false]) {
    const options = { ...direct, target: at(origin.bulk), bytes: 3_000_001, up };
    const bulk = await load.measure('bulk', options);
    t.match(bulk, { count: 2, errors: {}, bytes: 6_000_002 });
  }
});

void t.test('a byte that changed on the way is an error, and its bytes do not count', async (t) => {
  let seen = 0;
  const lying = await proxy((chunk) => {
    seen += chunk.length;
    if (seen > 500_000 && seen - chunk.length <= 500_000) chunk[0] = (chunk[0] ?? 0) ^ 1;
    return chunk;
  });
  const options = { proxy: lying, target: at(origin.bulk), bytes: 1_000_000 };
  const bulk = await load.measure('bulk', options);
  t.match(bulk, { count: 0, bytes: 0, errors: { 'wrong bytes': 1 } });
});

void t.test('a stream that ends early is an error', async (t) => {
  let seen = 0;
  const cutting = await proxy((chunk) => {
    seen += chunk.length;
    return seen > 500_000 ? Buffer.alloc(0) : chunk;
  });
  const options = { proxy: cutting, target: at(origin.bulk), bytes: 1_000_000 };
  t.match(await load.measure('bulk', options), { count: 0, errors: { 'unexpected EOF': 1 } });
});

void t.test('tunnels are held, and each is alive', async (t) => {
  const honest = await proxy((chunk) => chunk);
  const held = await load.hold({ proxy: honest, target: at(origin.echo), count: 30, streams: 4 });
  t.match(held.opened, { count: 30, errors: {} });
  t.match(await held.check(), { count: 30, errors: {} });
  await held.close();
});

void t.test('a proxy that refuses is counted by its status', async (t) => {
  const server = createServer((client) => client.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const refusing = `http://${at((server.address() as AddressInfo).port)}`;
  const options = { proxy: refusing, target: at(origin.echo), count: 5 };
  const errors = { 'CONNECT: HTTP/1.1 403 Forbidden': 5 };
  t.match(await load.measure('setup', options), { count: 0, errors });
});
