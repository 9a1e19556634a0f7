/**
 * `make test`: lint, build, unit tests, the real tailnet, the demo, what is shipped. Ends with `N passed, N failed` alone on a
 * line, where each assertion of tap and each other step counts as one.
 *
 * The programs that are built from Go are built beside lint and unit tests, with what these leave of the processor; all
 * that needs one of them comes after that.
 */
import { besideIdle, byLocalApi } from './beside-idle.ts';
import { root } from './repository.ts';
import { runStep, type Step } from './steps.ts';
import { readNeeds } from './test/needs.ts';
import { createTally } from './test/tally.ts';
import { readTap } from './test/tap-results.ts';

const tally = createTally();

async function plainStep(step: Step): Promise<boolean> {
  const result = await runStep(step);
  tally.addStep(step.title, result);
  return result.ok;
}

async function tapStep(
  title: string,
  files: readonly string[],
  ...options: string[]
): Promise<void> {
  // Without a file's name tap runs all that there are.
  if (files.length === 0) return tally.addTap(title, { ok: false, seconds: 0 }, undefined);
  const tap = readTap();
  const command = ['tap', 'run', '--reporter=tap', ...options, ...files] as const;
  const result = await runStep({ title, command, onLine: (line) => tap.onLine(line) });
  tally.addTap(title, result, tap.results());
}

const node = (...args: string[]): [string, ...string[]] => [process.execPath, ...args];
const minutes = (count: string, ...command: string[]): [string, ...string[]] => [
  'env',
  `SPACETAIL_SOAK_MINUTES=${count}`,
  ...node(...command),
];

const needs = await readNeeds(root);
const needing = (wanted: string): string[] =>
  [...needs].filter(([, what]) => what === wanted).map(([file]) => file);
const onTailnet = needing('tailnet');
const below = (folder: string): string[] => onTailnet.filter((file) => file.startsWith(folder));

/** In the order in which they are needed; each is at once when it is built already. */
async function buildPrograms(): Promise<boolean> {
  const programs = {
    'the tailnet': 'test/tailnet/build.ts',
    'the tests': 'test/support/build.ts',
    'the clients': 'test/clients/build.ts',
    'the checks of what is shipped': 'test/ship/build.ts',
  };
  let ok = true;
  for (const [title, file] of Object.entries(programs))
    ok =
      (await plainStep({
        title: `build the programs of ${title}`,
        command: node(file),
        isBackground: true,
      })) && ok;
  return ok;
}

// Lint looks at the package too, as it would be published.
await plainStep({ title: 'build', command: node('scripts/build.ts') });
const programs = buildPrograms();
await plainStep({ title: 'lint', command: node('scripts/lint.ts') });
await tapStep('unit tests', needing('nothing'));
// What cannot be built fails the rows that need it, each with its reason.
await programs;
await tapStep('the offline tailnet itself', below('test/tailnet/'));
await tapStep(
  'spacetail on the real tailnet',
  onTailnet.filter((file) => !/^test\/(tailnet|faults)\//.test(file)),
);
await tapStep(
  'the same beside a second, idle tailnet',
  besideIdle,
  '--jobs=3',
  '--test-env=SPACETAIL_TEST_IDLE=1',
);
await tapStep(
  'the same with dials by LocalAPI',
  byLocalApi,
  '--jobs=3',
  '--test-env=SPACETAIL_TEST_DIAL=localapi',
);
await tapStep('everything that goes wrong', below('test/faults/'));
await plainStep({
  title: 'soak: a minute of traffic and faults (make soak for more)',
  command: minutes('1', 'test/faults/soak.ts'),
});
await plainStep({
  title: 'dial ahead against hostile origins, half a minute (make soak-preconnect for more)',
  command: minutes('0.05', 'test/faults/spares-soak.ts'),
});
await tapStep('real clients through the bridge', needing('clients'));
await plainStep({
  title: 'demo',
  command: node('test/tailnet/enter.ts', '--', process.execPath, 'test/demo/demo.ts'),
});
await plainStep({
  title: 'what is shipped: OpenTofu, actionlint, hadolint, OPA',
  command: node('test/ship/check.ts'),
});
console.log(`\n${tally.summary()}`);
process.exitCode = tally.failed === 0 ? 0 : 1;
