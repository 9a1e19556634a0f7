/** hadolint on each Dockerfile, with no rule switched off outside the files themselves. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from './exec.ts';
import { ensureHadolint } from './tools.ts';

const root = join(import.meta.dirname, '..', '..');

export async function checkDockerfiles(): Promise<void> {
  const hadolint = await ensureHadolint();
  const files = ['Dockerfile', 'examples/docker/Dockerfile'];
  // Away from any .hadolint.yaml of the work tree or the user.
  await exec(hadolint, ['--no-color', ...files.map((name) => join(root, name))], {
    cwd: tmpdir(),
    env: { XDG_CONFIG_HOME: '/nonexistent', HOME: '/nonexistent' },
  });
  console.log(`   ${files.length} Dockerfiles are clean`);
}
