import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { supervisorCommand } from '../../src/commands/supervisor-command.ts';

/** Much that lives for a while, which is what makes V8 enlarge the young generation. */
const script = `
  import { getHeapSpaceStatistics } from 'node:v8';
  let held = [];
  let most = 0;
  for (let round = 0; round < 200; round += 1) {
    for (let i = 0; i < 20_000; i += 1) held.push([i]);
    if (held.length > 100_000) held = [];
    const { space_size } = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    most = Math.max(most, space_size);
  }
  console.log(most / 2 ** 20);
`;

void t.test("the supervisor's young generation grew to 128 MB under load and stayed", async (t) => {
  const [node, ...args] = supervisorCommand(4 * 2 ** 30);
  const flags = args.slice(0, -2);
  const { stdout } = await promisify(execFile)(node, [
    ...flags,
    '--input-type=module',
    '-e',
    script,
  ]);
  t.ok(Number(stdout) <= 32, `${stdout.trim()} MB`);
});

void t.test('a small container has a smaller one than we would set', async (t) => {
  t.notMatch(supervisorCommand(560 * 2 ** 20).join(' '), 'semi-space');
});
