/** The example plan policy, by a real OPA. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { exec } from './exec.ts';
import { ensureTool } from './tools.ts';

const folder = join(import.meta.dirname, '..', '..', 'examples/policies');

export async function checkPolicies(): Promise<void> {
  const opa = await ensureTool('opa');
  await exec(opa, ['check', '--strict', folder]);
  const output = await exec(opa, ['test', '--verbose', folder]);
  const summary = /PASS: (\d+)\/\1/.exec(output);
  assert.ok(summary !== null, output);
  console.log(`   ${summary[0]}`);
}
