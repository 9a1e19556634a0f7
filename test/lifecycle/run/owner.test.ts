import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import t from 'tap';
import { type Ancestor, ownerAmong } from '../../../src/lifecycle/run/owner.ts';
import { parseProcessStat } from '../../../src/lifecycle/folder/process-id.ts';
import { run } from '../../support/run.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';

const probe = `'${process.execPath}' '${join(import.meta.dirname, '../../fakes/print-owner.ts')}'`;
const shells: [string, string[]][] = [
  ['bash', ['-c']],
  ['dash', ['-c']],
  ['busybox', ['sh', '-c']],
];

/** Runs a script whose first line tells its own pid, and compares it with the owner that the probe found. */
async function ownerIn(
  command: string,
  args: readonly string[],
  script: string,
): Promise<{ own: string; owner: string }> {
  // The trailing `:` keeps shells from exec'ing the last command in their own place.
  const { stdout, stderr } = await run(command, [...args, `echo "own $$"; ${script}; :`], {
    env: { NODE_OPTIONS: undefined },
  });
  const own = /own (\d+)/.exec(stdout)?.[1];
  const owner = /owner (\d+)/.exec(stdout)?.[1];
  if (own === undefined || owner === undefined) throw new Error(`${stdout}${stderr}`);
  return { own, owner };
}

for (const [shell, args] of shells) {
  void t.test(
    `in ${shell} the owner is the shell of the hook, whatever stands between`,
    async (t) => {
      const folder = tmpFolder(t);
      const script = join(folder, 'hook.sh');
      writeFileSync(script, `#!/bin/sh\n${probe}\n:\n`);
      chmodSync(script, 0o755);
      const forms: [string, string][] = [
        ['a plain call', probe],
        ['a chain in braces', `{ true && ${probe} && true; } && true`],
        ['a subshell', `( ${probe}; true )`],
        ['a command substitution', `x=$(${probe}; true); echo "$x"`],
        ['a pipe', `${probe} | cat`],
        ['timeout', `timeout 20 ${probe}`],
        ['a script of its own', `'${script}'; true`],
        ['a sourced script', `. '${script}'`],
        ['a background job', `{ ${probe}; true; } & wait`],
      ];
      for (const [what, text] of forms) {
        const { own, owner } = await ownerIn(shell, args, text);
        t.equal(owner, own, what);
      }
    },
  );
}

void t.test('npx and an npm script are passed over with their shells', async (t) => {
  const folder = tmpFolder(t);
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'x', scripts: { probe: `${probe}; true` } }),
  );
  writeFileSync(join(folder, 'node_modules/.bin/probe'), `#!/bin/sh\nexec ${probe}\n`);
  chmodSync(join(folder, 'node_modules/.bin/probe'), 0o755);
  for (const text of ['npx --no-install probe', 'npm run -s probe']) {
    const { own, owner } = await ownerIn('sh', ['-c'], `cd '${folder}' && ${text}`);
    t.equal(owner, own, text);
  }
});

function ancestor(pid: number, ...argv: string[]): Ancestor {
  return { pid, startTicks: 1, argv, program: (argv[0] ?? '').replace(/^-/, '') };
}

void t.test('what is no shell is the owner itself, and nobody above a login shell', (t) => {
  t.equal(ownerAmong([ancestor(5, 'python3', 'ci.py'), ancestor(4, 'sh', '-c', 'x')])?.pid, 5);
  t.equal(ownerAmong([ancestor(5, '-bash'), ancestor(4, 'sshd')])?.pid, 5);
  t.equal(
    ownerAmong([
      ancestor(5, 'bash', 'hook.sh'),
      ancestor(4, 'sh', '-c', './hook.sh'),
      ancestor(3, 'worker'),
    ])?.pid,
    4,
  );
  t.equal(
    ownerAmong([
      ancestor(5, 'bash', 'hook.sh'),
      ancestor(4, 'worker'),
      ancestor(3, 'sh', '-c', 'worker'),
    ])?.pid,
    5,
  );
  t.equal(
    ownerAmong([
      ancestor(6, 'sh', '-c', 'spacetail up'),
      ancestor(5, 'npm exec spacetail up'),
      ancestor(4, 'bash', '-c', 'x'),
    ])?.pid,
    4,
  );
  t.equal(
    ownerAmong([ancestor(6, 'sudo', 'spacetail', 'up'), ancestor(5, 'bash', '-ec', 'x')])?.pid,
    5,
  );
  t.equal(ownerAmong([]), undefined);
  t.end();
});

void t.test('the name of a process may hold spaces, parentheses and digits', (t) => {
  const rest = `S 7 ${'0 '.repeat(17)}4711 0 0`;
  t.match(parseProcessStat(`42 (a) R 1 (b c) ${rest}`), {
    pid: 42,
    parentPid: 7,
    state: 'S',
    startTicks: 4711,
  });
  t.equal(parseProcessStat(''), undefined);
  t.equal(parseProcessStat('42 (x) S'), undefined);
  fc.assert(
    fc.property(fc.string(), fc.string(), (name, junk) => {
      parseProcessStat(junk);
      assert.equal(parseProcessStat(`42 (${name}) ${rest}`)?.startTicks, 4711);
    }),
    { seed: 14, numRuns: 200 },
  );
  t.pass('200 runs');
  t.end();
});
