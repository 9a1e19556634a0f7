/**
 * `make test`: lint, build, unit tests, the real tailnet, the demo, what is shipped. Ends with `N passed, N failed` alone on a
 * line, where each assertion of tap and each other step counts as one.
 */
import { readdirSync } from 'node:fs';
import { besideIdle } from './beside-idle.ts';
import { root } from './repository.ts';
import { runStep, type Step } from './steps.ts';

let passed = 0;
let failed = 0;

/** tap's TAP closing comment: `# { total: 5, pass: 4, fail: 1 }`; the outermost one comes last. */
function totals(): {
  onLine: (line: string) => void;
  take: () => { pass: number; fail: number } | undefined;
} {
  let last: { pass: number; fail: number } | undefined;
  return {
    onLine: (line) => {
      if (!line.startsWith('# {')) return;
      const count = (name: string) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(line)?.[1] ?? 0);
      last = { pass: count('pass'), fail: count('fail') };
    },
    take: () => last,
  };
}

async function tapStep(title: string, command: Step['command']): Promise<void> {
  const counted = totals();
  const ok = await runStep({ title, command, onLine: counted.onLine });
  const result = counted.take();
  // A runner that ran nothing has not passed.
  const nothing = result === undefined || result.pass + result.fail === 0;
  passed += result?.pass ?? 0;
  failed += nothing || (!ok && result.fail === 0) ? (result?.fail ?? 0) + 1 : result.fail;
}

async function plainStep(step: Step): Promise<boolean> {
  const ok = await runStep(step);
  if (ok) passed += 1;
  else failed += 1;
  return ok;
}

const tap = (...paths: string[]): [string, ...string[]] => [
  'tap',
  'run',
  '--reporter=tap',
  ...paths,
];
const inNamespace = (...command: string[]): [string, ...string[]] => [
  process.execPath,
  `${root}/test/tailnet/enter.ts`,
  '--',
  ...command,
];

/** Folders whose tests need the Go tools and the network namespace. */
const onTailnet = ['test/tailnet/', 'test/integration/', 'test/clients/', 'test/faults/'];
const testFiles = readdirSync(`${root}/test`, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.test.ts'))
  .map((path) => `test/${path}`)
  .toSorted();
const unitTests = testFiles.filter((path) => !onTailnet.some((folder) => path.startsWith(folder)));

// Lint looks at the package too, as it would be published.
await plainStep({ title: 'build', command: [process.execPath, 'scripts/build.ts'] });
await plainStep({ title: 'lint', command: [process.execPath, 'scripts/lint.ts'] });
await tapStep('unit tests', tap(...unitTests));
if (
  await plainStep({
    title: 'build the tailnet',
    command: [process.execPath, 'test/tailnet/build.ts'],
  })
) {
  const harness = testFiles.filter((path) => path.startsWith('test/tailnet/'));
  const integration = testFiles.filter((path) => path.startsWith('test/integration/'));
  await tapStep('the offline tailnet itself', tap(...harness));
  await tapStep('spacetail on the real tailnet', tap(...integration));
  await tapStep('the same beside a second, idle tailnet', [
    'env',
    'SPACETAIL_TEST_IDLE=1',
    ...tap('--jobs=3', ...besideIdle),
  ]);
  const faults = testFiles.filter((path) => path.startsWith('test/faults/'));
  await tapStep('everything that goes wrong', tap(...faults));
  await plainStep({
    title: 'soak: a minute of traffic and faults (make soak for more)',
    command: ['env', 'SPACETAIL_SOAK_MINUTES=1', process.execPath, 'test/faults/soak.ts'],
  });
  await plainStep({
    title: 'dial ahead against hostile origins, half a minute (make soak-preconnect for more)',
    command: ['env', 'SPACETAIL_SOAK_MINUTES=0.05', process.execPath, 'test/faults/spares-soak.ts'],
  });
  if (
    await plainStep({
      title: 'build the clients',
      command: [process.execPath, 'test/clients/build.ts'],
    })
  ) {
    const clients = testFiles.filter((path) => path.startsWith('test/clients/'));
    await tapStep('real clients through the bridge', tap(...clients));
  }
  await plainStep({ title: 'demo', command: inNamespace(process.execPath, 'test/demo/demo.ts') });
}
await plainStep({
  title: 'what is shipped: OpenTofu, actionlint, hadolint, OPA',
  command: [process.execPath, 'test/ship/check.ts'],
});
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
