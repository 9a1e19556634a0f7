import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readGoFlags } from '../../../src/lifecycle/tailscaled/go-flags.ts';
import { openRuntimeFolder } from '../../../src/lifecycle/folder/runtime-folder.ts';
import { tailscaledArguments } from '../../../src/lifecycle/tailscaled/tailscaled-arguments.ts';
import {
  inboundAllowed,
  upArguments,
  type UpOnce,
  type UpSettings,
} from '../../../src/lifecycle/join/up-arguments.ts';
import { tmpFolder, type HasTeardown } from '../../support/tmp-folder.ts';

const folderOf = (t: HasTeardown) => openRuntimeFolder(join(tmpFolder(t), 'run'));
const settings: UpSettings = {
  hostname: 'spacelift-x',
  acceptDns: true,
  tags: ['tag:a', 'tag:b'],
  upArgs: [],
};

const once = (authKey: string | undefined, timeoutMs = 1000): UpOnce => ({
  authKey,
  timeoutMs,
  keepsState: false,
});

void t.test('tailscaled gets our defaults, and the user’s flag where both name one', async (t) => {
  const folder = await folderOf(t);
  const plan = (tailscaledArgs: string[], more = {}) =>
    tailscaledArguments(folder, {
      socket: undefined,
      stateDir: undefined,
      tailscaledArgs,
      upArgs: [],
      ...more,
    });
  t.strictSame(plan([]), {
    args: [
      '--tun=userspace-networking',
      '--state=mem:',
      `--socket=${folder.tailscaledSocket}`,
      '--no-logs-no-support',
      '--socks5-server=127.0.0.1:0',
    ],
    socket: folder.tailscaledSocket,
    ephemeral: true,
  });
  const theirs = plan(['-verbose', '2', '--state=/x/state', '--no-logs-no-support']);
  t.equal(theirs.ephemeral, false);
  t.strictSame(
    theirs.args.filter((word) => !/^--(?:tun|socks5-server|socket)=/.test(word)),
    ['-verbose', '2', '--state=/x/state', '--no-logs-no-support'],
  );
  const kept = plan([], { stateDir: '/var/x', socket: '/s/t.sock' });
  t.match(kept, { socket: '/s/t.sock', ephemeral: false });
  t.ok(kept.args.includes('--state=/var/x/tailscaled.state'));
  t.ok(kept.args.includes('--statedir=/var/x'));
});

void t.test('an SSH server has a folder of its own for its host keys', async (t) => {
  const folder = await folderOf(t);
  const words = (upArgs: string[], more = {}) =>
    tailscaledArguments(folder, {
      socket: undefined,
      stateDir: undefined,
      tailscaledArgs: [],
      upArgs,
      ...more,
    });
  for (const upArgs of [['--ssh'], ['-ssh=true'], ['--hostname', 'x', '--ssh']]) {
    const plan = words(upArgs);
    t.ok(plan.args.includes('--state=mem:'));
    t.ok(plan.args.includes(`--statedir=${folder.tailscaledHome}`), upArgs.join(' '));
    t.equal(plan.ephemeral, true);
  }
  for (const plan of [words(['--ssh=false']), words(['--hostname', '--ssh'])])
    t.notOk(plan.args.some((word) => word.includes('statedir')));
  t.ok(words(['--ssh'], { stateDir: '/var/x' }).args.includes('--statedir=/var/x'));
});

void t.test('a flag that would break the bridge is refused with a sentence', async (t) => {
  const folder = await folderOf(t);
  const plan =
    (...tailscaledArgs: string[]) =>
    () =>
      tailscaledArguments(folder, {
        socket: undefined,
        stateDir: undefined,
        tailscaledArgs,
        upArgs: [],
      });
  t.throws(plan('--tun=tailscale0'), {
    code: 'config_invalid',
    message: /--tun=tailscale0 is not accepted/,
  });
  t.throws(plan('-tun', 'tailscale0'), { code: 'config_invalid' });
  t.throws(plan('word'), { code: 'config_invalid', message: /"word" is not a flag/ });
  t.doesNotThrow(plan('--tun=userspace-networking'));
});

void t.test('tailscale up gets our defaults and the key by a 0600 file', async (t) => {
  const folder = await folderOf(t);
  const plan = await upArguments(folder, settings, once('tskey-auth-s3cret', 59_300));
  const file = join(folder.path, '.secret-auth-key');
  t.strictSame(plan, {
    args: [
      '--accept-dns=true',
      '--accept-routes=true',
      '--shields-up',
      '--hostname=spacelift-x',
      '--timeout=60s',
      `--auth-key=file:${file}`,
    ],
    acceptDns: true,
    acceptRoutes: true,
    shieldsUp: true,
  });
  t.equal(readFileSync(file, 'utf8'), 'tskey-auth-s3cret');
  t.equal(lstatSync(file).mode & 0o777, 0o600);
});

void t.test('the user’s words win, and their secrets move to files', async (t) => {
  const folder = await folderOf(t);
  const upArgs = [
    '--accept-routes=false',
    '-accept-dns=0',
    '--hostname',
    'mine',
    '--login-server=https://hs.example',
    '--authkey=s3cret-1',
    '--client-secret',
    's3cret-2',
    '--id-token=file:/given',
  ];
  const plan = await upArguments(folder, { ...settings, upArgs }, once(undefined, 1000));
  t.match(plan, { acceptDns: false, acceptRoutes: false, shieldsUp: true });
  t.strictSame(plan.args, [
    '--shields-up',
    '--timeout=1s',
    '--accept-routes=false',
    '-accept-dns=0',
    '--hostname',
    'mine',
    '--login-server=https://hs.example',
    `--auth-key=file:${folder.path}/.secret-auth-key`,
    `--client-secret=file:${folder.path}/.secret-client-secret`,
    '--id-token=file:/given',
  ]);
  t.equal(readFileSync(`${folder.path}/.secret-client-secret`, 'utf8'), 's3cret-2');
});

void t.test('a key of the credential stands before one among the words', async (t) => {
  const folder = await folderOf(t);
  const plan = await upArguments(
    folder,
    { ...settings, upArgs: ['--auth-key=other'] },
    once('minted'),
  );
  t.equal(plan.args.filter((word) => word.includes('auth-key')).length, 1);
  t.equal(readFileSync(`${folder.path}/.secret-auth-key`, 'utf8'), 'minted');
});

void t.test('a node that keeps its state forgets the settings of an earlier run', async (t) => {
  const folder = await folderOf(t);
  const args = async (upArgs: string[]) =>
    (await upArguments(folder, { ...settings, upArgs }, { ...once('k'), keepsState: true })).args;
  t.ok((await args([])).includes('--reset'));
  t.strictSame(
    (await args(['--reset=false'])).filter((word) => word.includes('reset')),
    ['--reset=false'],
  );
});

void t.test('an OAuth secret given as a key asks for the tags', async (t) => {
  const folder = await folderOf(t);
  const plan = await upArguments(folder, settings, once('tskey-client-x?ephemeral=true', 1000));
  t.ok(plan.args.includes('--advertise-tags=tag:a,tag:b'));
});

void t.test('a client among the words asks for the tags, too', async (t) => {
  const folder = await folderOf(t);
  const cases: [words: string[], asks: boolean][] = [
    [['--client-secret=tskey-client-x'], true],
    [['--client-id=k', '--id-token=jwt'], true],
    [['--auth-key=tskey-client-x'], true],
    [['--auth-key=tskey-auth-x'], false],
    [['--client-secret=x', '--advertise-tags=tag:mine'], false],
  ];
  for (const [upArgs, asks] of cases) {
    const { args } = await upArguments(folder, { ...settings, upArgs }, once(undefined));
    t.equal(args.includes('--advertise-tags=tag:a,tag:b'), asks, upArgs.join(' '));
  }
});

void t.test('shields are down only where the user wants to be reached', async (t) => {
  const cases: [string[], boolean][] = [
    [[], false],
    [['--ssh'], true],
    [['--ssh=false'], false],
    [['--shields-up=false'], true],
    [['--advertise-routes=10.0.0.0/8'], true],
    [['--advertise-routes', '10.0.0.0/8'], true],
    [['--advertise-routes='], false],
    [['--advertise-exit-node'], true],
    [['--ssh', '--shields-up'], false],
  ];
  const folder = await folderOf(t);
  for (const [upArgs, inbound] of cases) {
    t.equal(inboundAllowed(upArgs), inbound, upArgs.join(' '));
    const plan = await upArguments(folder, { ...settings, upArgs }, once('k', 1000));
    t.equal(plan.shieldsUp, !inbound, upArgs.join(' '));
  }
});

void t.test('a stray word is refused without being printed', (t) => {
  t.throws(() => inboundAllowed(['--ssh', 'tskey-auth-s3cret']), {
    code: 'config_invalid',
    message: /^(?!.*s3cret)/,
  });
  t.end();
});

void t.test('flags are read as Go reads them', (t) => {
  t.strictSame(
    readGoFlags(
      ['-a', '1', '--b=2', '--switch', '--c', '--d', 'rest', '--e'],
      new Set(['switch', 'd']),
    ),
    {
      flags: [
        { name: 'a', value: '1', words: ['-a', '1'] },
        { name: 'b', value: '2', words: ['--b=2'] },
        { name: 'switch', value: undefined, words: ['--switch'] },
        { name: 'c', value: '--d', words: ['--c', '--d'] },
      ],
      rest: ['rest', '--e'],
    },
  );
  t.end();
});
