/** The workflows: actionlint, and what it does not look at: pins, permissions, time limits. */
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { exec } from './exec.ts';
import { pins } from './pins.ts';
import { ensureTool } from './tools.ts';

const root = join(import.meta.dirname, '..', '..');

interface Workflow {
  readonly permissions?: unknown;
  readonly jobs: Record<
    string,
    { permissions?: unknown; 'timeout-minutes'?: number; uses?: string }
  >;
}

export async function checkWorkflows(): Promise<void> {
  const folder = join(root, '.github/workflows');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yml')).sort();
  const actionlint = await ensureTool('actionlint');
  await exec(
    actionlint,
    ['-no-color', '-shellcheck=', '-pyflakes=', ...files.map((name) => join(folder, name))],
    { cwd: root },
  );
  await exec(
    actionlint,
    ['-no-color', '-shellcheck=', '-pyflakes=', join(root, 'examples/github-actions/plan.yml')],
    { cwd: root },
  );
  for (const name of files) {
    const text = await readFile(join(folder, name), 'utf8');
    for (const { action, ref, comment } of pins(text)) {
      assert.match(ref, /^[0-9a-f]{40}$/, `${name}: ${action} is not pinned by commit`);
      assert.match(
        comment,
        /^v\d+\.\d+\.\d+$/,
        `${name}: ${action} does not say which version its commit is`,
      );
    }
    const workflow = parse(text) as Workflow;
    assert.deepEqual(workflow.permissions, {}, `${name}: a job gets what it does not ask for`);
    for (const [job, { permissions, uses, 'timeout-minutes': timeout }] of Object.entries(
      workflow.jobs,
    )) {
      assert.ok(permissions !== undefined, `${name}: ${job} does not say what it may do`);
      assert.ok(uses !== undefined || timeout !== undefined, `${name}: ${job} has no time limit`);
    }
  }
  console.log(`   ${files.length} workflows are clean`);
}
