import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { contextHooks as hooks, phaseScript } from '../fakes/phase-script.ts';
import { run } from '../support/run.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

const root = join(import.meta.dirname, '..', '..');
const phase = (command: string, after: readonly string[] = hooks.after): string =>
  phaseScript(command, { before: hooks.before, after });

const fake = `#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
  up) exit "\${UP_EXIT:-0}" ;;
  env) echo "export HTTP_PROXY=http://127.0.0.1:8080 HTTPS_PROXY=http://127.0.0.1:8080" ;;
  "env --unset") echo "unset HTTP_PROXY HTTPS_PROXY" ;;
esac
`;

const shells: [name: string, command: string, args: string[]][] = [
  ['BusyBox ash', 'busybox', ['sh', '-c']],
  ['dash', 'dash', ['-c']],
  ['bash', 'bash', ['-c']],
];

void t.test('the module and the README have the same hooks', async (t) => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map((match) =>
    (match[1] ?? '').trim().split('\n'),
  );
  t.ok(
    blocks.some((block) => block.join('\n') === hooks.before.join('\n')),
    'before',
  );
  t.ok(
    blocks.some((block) => block.join('\n') === hooks.after.join('\n')),
    'after',
  );
});

for (const [name, command, args] of shells) {
  void t.test(`${name}: the chained hooks wrap a phase and clean up`, async (t) => {
    const folder = tmpFolder(t);
    writeFileSync(join(folder, 'spacetail'), fake);
    chmodSync(join(folder, 'spacetail'), 0o755);
    const env = {
      CALLS: join(folder, 'calls'),
      PATH: `${folder}:${process.env['PATH'] ?? ''}`,
      HTTP_PROXY: undefined,
    };
    const calls = (): string[] => readFileSync(env.CALLS, 'utf8').trim().split('\n');
    const again = (): void => writeFileSync(env.CALLS, '');

    again();
    const good = await run(
      command,
      [...args, `${phase('echo "proxy=$HTTP_PROXY"')} && echo "left=$HTTP_PROXY"`],
      { env },
    );
    t.match(good, { code: 0, stdout: 'proxy=http://127.0.0.1:8080\nleft=\n' });
    t.same(calls(), ['up', 'env', 'env --unset', 'clean-env', 'down']);

    again();
    const failing = await run(command, [...args, phase('exit 7')], { env });
    t.equal(failing.code, 7, "the phase's exit code is the run's");
    t.same(calls(), ['up', 'env', 'down'], 'after-hooks are skipped, down is not');

    again();
    const refused = await run(command, [...args, phase('echo ran')], {
      env: { ...env, UP_EXIT: '1' },
    });
    t.match(refused, { code: 1, stdout: '' }, 'the phase is skipped when up fails');
    t.same(calls(), ['up']);

    again();
    const withReport = [...hooks.plan_policy_input, ...hooks.after];
    await run(command, [...args, phase('true', withReport)], { env });
    t.same(calls(), ['up', 'env', 'report --custom-input', 'env --unset', 'clean-env', 'down']);
  });
}
