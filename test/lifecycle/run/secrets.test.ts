import '../../tailnet/inside.ts';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createHookWorld, hookShells } from '../../fakes/hook-world.ts';
import { useTailnet } from '../../tailnet/use-tailnet.ts';

t.setTimeout(100_000);
const tailnet = await useTailnet(t);

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Which of the places that a key must not be in has it; and which programs were looked at. */
function look(runtimeDir: string, key: string, seen: Set<string>, found: Set<string>): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const argv = readQuietly(`/proc/${pid}/cmdline`);
    if (argv.includes(key)) found.add(`cmdline: ${argv.replaceAll('\0', ' ')}`);
    const ours = argv.includes('\0supervise\0')
      ? 'supervisor'
      : argv.includes(`--socket=${runtimeDir}`)
        ? argv.includes('\0up\0')
          ? 'tailscale'
          : 'tailscaled'
        : undefined;
    if (ours === undefined) continue;
    const environ = readQuietly(`/proc/${pid}/environ`);
    if (environ !== '') seen.add(ours);
    if (environ.includes(key)) found.add(`environ of ${ours}`);
  }
  for (const name of readFolder(runtimeDir)) {
    // The one place it may be in, mode 0600 and gone after the login.
    if (name.startsWith('.secret-')) seen.add(name);
    else if (readQuietly(join(runtimeDir, name)).includes(key)) found.add(`file ${name}`);
  }
}

function readFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

for (const [where, env] of [
  ['TS_AUTH_KEY', (key: string) => ({ TS_AUTH_KEY: key })],
  [
    'TS_EXTRA_ARGS',
    (key: string) => ({
      TS_AUTH_KEY: '',
      TS_EXTRA_ARGS: `--login-server=${tailnet.facts.loginServer} --auth-key '${key}'`,
    }),
  ],
] as const) {
  void t.test(
    `with TRACE=1 the key of ${where} is in no argument, environment, file or output`,
    async (t) => {
      const world = await createHookWorld(t, tailnet.facts);
      const key = await tailnet.newKey({ reusable: true, ephemeral: true, tags: ['tag:ci'] });
      const script = `spacetail up && curl -sS --proxy "http://$SPACETAIL_HTTP_LISTEN" http://web/ && spacetail status --json && spacetail down
      spacetail exec -- env
      echo "--- bad"; TS_EXTRA_ARGS="$TS_EXTRA_ARGS --login-server=http://127.0.0.1:1" SPACETAIL_UP_TIMEOUT=2s spacetail up; true`;
      const hook = world.startHook(hookShells.bash, script, { ...env(key), TRACE: '1' });
      let output = '';
      for (const stream of [hook.stdout, hook.stderr])
        stream.on('data', (chunk: Buffer) => (output += String(chunk)));
      const [seen, found] = [new Set<string>(), new Set<string>()];
      const timer = setInterval(() => look(world.runtimeDir, key, seen, found), 10);
      t.teardown(() => clearInterval(timer));
      await once(hook, 'close');
      clearInterval(timer);
      look(world.runtimeDir, key, seen, found);
      t.strictSame(
        [...seen].sort(),
        ['.secret-auth-key', 'supervisor', 'tailscale', 'tailscaled'],
        'all of it was sampled',
      );
      t.strictSame([...found], []);
      t.match(output, /hello from tailnet/);
      t.match(output, /HTTP_PROXY=http:/, 'exec ran env');
      t.match(output, /--- bad[^]*login/);
      t.notOk(output.includes(key), 'no output has it');
      t.strictSame(world.left(), []);
    },
  );
}
