/** `make lint`, after a build: every static check, each with its time; all run, the first failure does not hide the rest. */
import { runSteps } from './steps.ts';

const ok = await runSteps([
  { title: 'types', command: ['tsc', '-p', '.'] },
  {
    title: 'oxlint',
    command: ['oxlint', '--type-aware', '--deny-warnings', 'src', 'test', 'scripts'],
  },
  { title: 'oxfmt', command: ['oxfmt', '--check', 'src', 'test', 'scripts'] },
  { title: 'knip', command: ['knip'] },
  { title: 'publint', command: ['publint', '--strict'] },
  {
    title: 'are the types wrong',
    command: ['attw', '--pack', '.', '--format', 'ascii', '--no-color'],
  },
  { title: 'licences', command: [process.execPath, 'scripts/licences.ts'] },
  {
    title: 'docs/dependencies.md',
    command: [process.execPath, 'scripts/dependencies.ts', '--check'],
  },
  { title: 'schema', command: [process.execPath, 'scripts/schemas.ts', '--check'] },
  { title: 'docs/errors.md', command: [process.execPath, 'scripts/docs-errors.ts', '--check'] },
]);
process.exitCode = ok ? 0 : 1;
