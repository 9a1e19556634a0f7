import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { run } from '../../src/commands/status.ts';
import { commandIo } from '../support/command-io.ts';
import { standInSupervisor } from '../support/stand-in-supervisor.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

void t.test('a healthy run is exit 0 and every part is named', async (t) => {
  const { env } = await standInSupervisor(t);
  const world = commandIo(env);
  t.equal(await run({}, world.io), 0);
  for (const part of [
    /^state +running$/m,
    /ci\.tail1234\.ts\.net \(100\.64\.0\.9\)/,
    /1\.102\.5, pid 4321, 0 restarts/,
    /3 peers, tail1234\.ts\.net/,
    /HTTP 127\.0\.0\.1:8080, SOCKS5 127\.0\.0\.1:1080/,
    /7 requests, 1 denied, 2 errors, 0 open tunnels/,
  ]) {
    t.match(world.stdout(), part);
  }
});

void t.test('--json is what the supervisor answers', async (t) => {
  const { env } = await standInSupervisor(t, { status: { warnings: ['MagicDNS is off'] } });
  const world = commandIo(env);
  t.equal(await run({ json: true }, world.io), 0);
  t.match(JSON.parse(world.stdout()), {
    state: 'running',
    node: { name: 'ci.tail1234.ts.net', addresses: ['100.64.0.9'] },
    tailscaled: { version: '1.102.5', pid: 4321, restarts: 0 },
    netmap: { peers: 3, suffix: 'tail1234.ts.net' },
    listeners: { http: '127.0.0.1:8080', socks5: '127.0.0.1:1080' },
    counters: { requests: 7, denied: 1, errors: 2, openTunnels: 0 },
    warnings: ['MagicDNS is off'],
  });
});

void t.test('degraded and still starting are exit 1, with the reason', async (t) => {
  for (const state of ['degraded', 'starting', 'failed', 'stopping'] as const) {
    const { env } = await standInSupervisor(t, {
      status: { state, detail: 'tailscaled crashed', listeners: { http: null, socks5: null } },
    });
    const world = commandIo(env);
    t.equal(await run({}, world.io), 1, state);
    t.match(world.stdout(), new RegExp(`state +${state}: tailscaled crashed`));
    t.match(world.stdout(), /HTTP off, SOCKS5 off/);
  }
});

void t.test('not up is exit 3, also where the folder is left over', async (t) => {
  const folder = tmpFolder(t);
  for (const dir of [folder, `${folder}/none`]) {
    const world = commandIo({ SPACETAIL_RUNTIME_DIR: dir });
    t.equal(await run({}, world.io), 3);
    t.match(world.stdout(), /not up/);
    const json = commandIo({ SPACETAIL_RUNTIME_DIR: dir });
    t.equal(await run({ json: true }, json.io), 3);
    t.same(JSON.parse(json.stdout()), { state: 'down' });
  }
});

void t.test('colour only on a terminal, and not with NO_COLOR', async (t) => {
  const { env } = await standInSupervisor(t);
  for (const [isTTY, more, expected] of [
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { TERM: 'dumb' }, false],
  ] as const) {
    const world = commandIo({ ...env, ...more });
    await run({}, { ...world.io, stdout: Object.assign(world.io.stdout, { isTTY }) });
    t.equal(world.stdout().includes('\x1b['), expected, JSON.stringify([isTTY, more]));
  }
});

void t.test('a supervisor that says nothing is degraded, and said in 5 s', async (t) => {
  for (const json of [false, true]) {
    const { env } = await standInSupervisor(t, {
      operations: { status: () => new Promise<never>(() => {}) },
    });
    const world = commandIo(env);
    const answer = Promise.race([run({ json }, world.io), sleep(5000, 'late')]);
    t.equal(await answer, 1);
    const detail = 'the supervisor did not answer status within 4 s';
    if (json) t.match(JSON.parse(world.stdout()), { state: 'degraded', detail });
    else t.match(world.stdout(), new RegExp(`^state +degraded: ${detail}$`, 'm'));
  }
});
