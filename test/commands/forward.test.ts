import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { parseForward } from '../../src/commands/forward-spec.ts';
import { startBridge, type TestBridgeOptions } from '../support/bridge.ts';
import { cli, startCli, type RunningCli } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';
import { tcpOrigin } from '../support/origins.ts';
import { standInSupervisor } from '../support/stand-in-supervisor.ts';

async function world(t: Test, handle: (socket: Socket) => void, options: TestBridgeOptions = {}) {
  const origin = await tcpOrigin(t, handle);
  const bridge = await startBridge(t, { names: { db: ['127.0.0.1'] }, ...options });
  const listeners = { http: `127.0.0.1:${bridge.httpPort}`, socks5: null };
  const { env } = await standInSupervisor(t, { status: { listeners } });
  return { bridge, env, origin };
}

/** Waits for `count` lines that say where it listens. */
async function portsOf(child: RunningCli, count: number): Promise<number[]> {
  let said = '';
  for await (const chunk of child.stderr.iterator({
    destroyOnReturn: false,
  }) as AsyncIterable<Buffer>) {
    said += chunk.toString();
    const ports = [...said.matchAll(/^forwarding \S+:(\d+) to/gm)].map((match) => Number(match[1]));
    if (ports.length >= count) return ports;
  }
  throw new Error(`ended early: ${said}`);
}

async function talk(port: number, words: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.end(words);
  return await text(socket);
}

void t.test('local ports lead to tailnet hosts until SIGTERM, which is exit 0', async (t) => {
  const { env, origin, bridge } = await world(t, (socket) => {
    let received = '';
    socket.on('data', (chunk) => (received += String(chunk)));
    socket.on('end', () => socket.end(`echo ${received}`));
  });
  const child = startCli(
    t,
    ['forward', `0:db:${origin.port}`, `127.0.0.1:0:db:${origin.port}`],
    env,
  );
  const ports = await portsOf(child, 2);
  t.equal(await talk(ports[0] ?? 0, 'one'), 'echo one');
  t.same(await Promise.all([1, 2, 3].map((n) => talk(ports[1] ?? 0, `n${n}`))), [
    'echo n1',
    'echo n2',
    'echo n3',
  ]);
  t.equal(
    bridge.records.every(({ host }) => host === 'db'),
    true,
  );
  child.kill('SIGTERM');
  t.same(await once(child, 'exit'), [0, null]);
  await t.rejects(talk(ports[0] ?? 0, 'x'), { code: 'ECONNREFUSED' });
});

void t.test('a refused destination resets the client and is said with its reason', async (t) => {
  const { env } = await world(t, () => {}, { deny: 'db' });
  const child = startCli(t, ['forward', '0:db:5432'], env);
  const [port = 0] = await portsOf(child, 1);
  const said = once(child.stderr, 'data');
  await t.rejects(talk(port, 'x'), { code: 'ECONNRESET' });
  t.match(String(await said), /^db:5432: db:5432 is denied/);
});

void t.test('a break on one side is a break on the other', async (t) => {
  const { env, origin } = await world(t, (socket) =>
    socket.once('data', () => socket.resetAndDestroy()),
  );
  const child = startCli(t, ['forward', `0:db:${origin.port}`], env);
  const [port = 0] = await portsOf(child, 1);
  const socket = connect({ host: '127.0.0.1', port });
  socket.write('x');
  await t.rejects(text(socket), { code: 'ECONNRESET' });
  const second = connect({ host: '127.0.0.1', port });
  await once(second, 'connect');
  second.resetAndDestroy();
  t.equal(child.exitCode, null, 'and the next client is served');
});

void t.test('a busy port is exit 1 and named; nothing up is exit 1', async (t) => {
  const { env, origin } = await world(t, () => {});
  t.match(await cli(['forward', `${origin.port}:db:1`], { env }), {
    code: 1,
    stderr: new RegExp(`127.0.0.1:${origin.port}`),
  });
  const nothing = { SPACETAIL_RUNTIME_DIR: `/tmp/none-${process.pid}` };
  t.match(await cli(['forward', `${await freePort()}:db:1`], { env: nothing }), {
    code: 1,
    stderr: /nothing is up/,
  });
});

const specs: readonly [text: string, spec: ReturnType<typeof parseForward> | undefined][] = [
  ['5432:db:5432', { bindHost: '127.0.0.1', bindPort: 5432, host: 'db', port: 5432 }],
  ['0:db:22', { bindHost: '127.0.0.1', bindPort: 0, host: 'db', port: 22 }],
  [
    '0.0.0.0:80:db.corp.example:8080',
    { bindHost: '0.0.0.0', bindPort: 80, host: 'db.corp.example', port: 8080 },
  ],
  ['localhost:80:db:8080', { bindHost: '127.0.0.1', bindPort: 80, host: 'db', port: 8080 }],
  [
    '[::1]:80:[fd7a:115c:a1e0::1]:22',
    { bindHost: '::1', bindPort: 80, host: 'fd7a:115c:a1e0::1', port: 22 },
  ],
  [
    '80:[fd7a:115c:a1e0::1]:22',
    { bindHost: '127.0.0.1', bindPort: 80, host: 'fd7a:115c:a1e0::1', port: 22 },
  ],
  ['', undefined],
  ['80', undefined],
  ['db:80', undefined],
  ['80:db', undefined],
  ['80:db:0', undefined],
  ['80:db:65536', undefined],
  ['65536:db:1', undefined],
  ['80:d b:1', undefined],
  ['80:fd7a::1:22', undefined],
  ['a:80:b:80:c', undefined],
];

void t.test('forwards are written as for ssh -L', async (t) => {
  for (const [text, spec] of specs) {
    if (spec === undefined) t.throws(() => parseForward(text), { code: 'config_invalid' }, text);
    else t.same(parseForward(text), spec, text);
  }
});
