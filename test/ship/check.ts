/**
 * `node test/ship/check.ts`: the checks of what is shipped that need programs built from Go or fetched by pip: the
 * Terraform module and examples, the workflows, the Dockerfiles. All run; ends with `N passed, N failed`.
 * Arguments, if any, name the checks to run.
 */
import { checkDockerfiles } from './dockerfiles.ts';
import { checkPolicies } from './policies.ts';
import {
  checkExamples,
  checkFormat,
  checkGuide,
  checkModule,
  checkRealApply,
} from './terraform.ts';
import { checkWorkflows } from './workflows.ts';

const checks: Record<string, () => Promise<void>> = {
  'terraform-fmt': checkFormat,
  'terraform-test': checkModule,
  'terraform-examples': checkExamples,
  'terraform-guide': checkGuide,
  'terraform-apply': checkRealApply,
  workflows: checkWorkflows,
  dockerfiles: checkDockerfiles,
  policies: checkPolicies,
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in checks));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; known: ${Object.keys(checks).join(', ')}`);
  process.exit(2);
}
let passed = 0;
let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const startedMs = performance.now();
  try {
    await check();
    passed += 1;
    console.log(`ok ${name} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n${(error as Error).message}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
