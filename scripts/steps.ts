import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { root } from './repository.ts';

export interface Step {
  readonly title: string;
  readonly command: readonly [string, ...string[]];
  /** Called with each line the step prints. */
  readonly onLine?: (line: string) => void;
}

/** Runs one step with its output passed on; true when it exits 0. */
export async function runStep(step: Step): Promise<boolean> {
  const startedMs = Date.now();
  console.log(`\n== ${step.title}`);
  const [file, ...args] = step.command;
  const child = spawn(file, args, {
    cwd: root,
    env: { ...process.env, PATH: `${root}/node_modules/.bin:${process.env['PATH'] ?? ''}` },
    stdio: ['ignore', step.onLine === undefined ? 'inherit' : 'pipe', 'inherit'],
  });
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    process.stdout.write(chunk);
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) step.onLine?.(line);
  });
  const [code] = (await once(child, 'close').catch((error: unknown) => {
    console.error(String(error));
    return [1];
  })) as [number | null];
  const ok = code === 0;
  console.log(
    `== ${step.title}: ${ok ? 'ok' : 'FAILED'} in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`,
  );
  return ok;
}

/** Runs all steps, also after one has failed; true when every one exited 0. */
export async function runSteps(steps: readonly Step[]): Promise<boolean> {
  const failed: string[] = [];
  for (const step of steps) if (!(await runStep(step))) failed.push(step.title);
  if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`);
  return failed.length === 0;
}
