import { join } from 'node:path';
import t from 'tap';
import { root } from '../../scripts/repository.ts';
import { run } from '../support/run.ts';

/** Runs one step in a process of its own and returns all that it prints. */
async function play(command: string, isBackground: boolean): Promise<string> {
  const step = JSON.stringify({ title: 'it', command: ['sh', '-c', command], isBackground });
  const script = `const { runStep } = await import(${JSON.stringify(join(root, 'scripts/steps.ts'))});
    const { ok } = await runStep(${step}); console.log(ok ? 'good' : 'bad');`;
  return (await run(process.execPath, ['--input-type=module', '-e', script])).stdout;
}

void t.test(
  'a step beside others is silent when it is good, and shown when it has failed',
  async (t) => {
    t.notMatch(await play('echo loud', true), 'loud');
    t.match(
      await play('echo loud; echo louder >&2; exit 3', true),
      /loud\nlouder\n== it: FAILED in .*\nbad\n/,
    );
    t.match(await play('echo loud', false), /loud\n== it: ok in .*\ngood\n/);
  },
);

void t.test('a step beside others gets what they leave of the processor', async (t) => {
  t.match(await play('nice; exit 1', true), /^19$/m);
  t.notMatch(await play('nice; exit 1', false), /^19$/m);
});
