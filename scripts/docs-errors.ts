/** Writes docs/errors.md from the catalogue in src/errors.ts; with --check it only tells whether it is up to date. */
import { readFile, writeFile } from 'node:fs/promises';
import { catalogue } from '../src/errors.ts';
import { root } from './repository.ts';

const path = `${root}/docs/errors.md`;
const rows = Object.entries(catalogue)
  .toSorted(([a], [b]) => a.localeCompare(b, 'en'))
  .map(
    ([code, { exitCode, meaning, hint }]) => `| \`${code}\` | ${exitCode} | ${meaning} | ${hint} |`,
  );
const text = `# Errors

Every failure of a command ends with its code in brackets: \`hint: … [login_failed]\`. The codes are stable. This page is made from
\`src/errors.ts\` by \`node scripts/docs-errors.ts\`. Failures of a request are told by HTTP status and \`Proxy-Status\`; see
[troubleshooting](troubleshooting.md).

| code | exit | what happened | what to do |
|---|---|---|---|
${rows.join('\n')}
`;

if (process.argv.includes('--check')) {
  if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
    console.error('docs/errors.md is not what src/errors.ts says: run node scripts/docs-errors.ts');
    process.exitCode = 1;
  }
} else {
  await writeFile(path, text);
}
