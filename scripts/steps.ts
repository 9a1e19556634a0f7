import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { root } from './repository.ts';

export interface Step {
  readonly title: string;
  readonly command: readonly [string, ...string[]];
  /** Called with each line the step prints on stdout. */
  readonly onLine?: (line: string) => void;
  /**
   * It runs beside other steps and gets what they leave of the processor; what it prints is shown when it has failed.
   */
  readonly isBackground?: boolean;
}

export interface StepResult {
  readonly ok: boolean;
  readonly seconds: number;
}

/** Runs one step with its output passed on; ok when it exits 0. */
export async function runStep(step: Step): Promise<StepResult> {
  const startedMs = Date.now();
  const isQuiet = step.isBackground === true;
  console.log(`\n== ${step.title}${isQuiet ? ': begins beside what follows' : ''}`);
  const child = isQuiet ? startInBackground(step) : start(step);
  const printed = isQuiet ? collect(child) : passOn(child, step.onLine);
  const [code] = (await once(child, 'close').catch((error: unknown) => {
    console.error(String(error));
    return [1];
  })) as [number | null];
  const ok = code === 0;
  if (!ok && isQuiet) process.stdout.write(`\n${printed()}`);
  const seconds = (Date.now() - startedMs) / 1000;
  console.log(`== ${step.title}: ${ok ? 'ok' : 'FAILED'} in ${seconds.toFixed(1)} s`);
  return { ok, seconds };
}

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${root}/node_modules/.bin:${process.env['PATH'] ?? ''}`,
});

function start({ command: [file, ...args], onLine }: Step): ChildProcess {
  const stdout = onLine === undefined ? 'inherit' : 'pipe';
  return spawn(file, args, { cwd: root, env: environment(), stdio: ['ignore', stdout, 'inherit'] });
}

/**
 * In a session of its own, since Linux shares the processor among sessions first (sched_autogroup) and by niceness only
 * within each; it ends with us all the same.
 */
function startInBackground({ command }: Step): ChildProcess {
  const lower = 'echo 19 2>/dev/null >/proc/self/autogroup; exec nice -n 19 "$@"';
  const child = spawn('sh', ['-c', lower, 'sh', ...command], {
    cwd: root,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    } catch {
      // It has ended.
    }
  };
  const endAll = (): never => process.exit(1);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  process.once('exit', end);
  for (const signal of signals) process.once(signal, endAll);
  child.once('close', () => {
    process.off('exit', end);
    for (const signal of signals) process.off(signal, endAll);
  });
  return child;
}

function passOn(child: ChildProcess, onLine: Step['onLine']): () => string {
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    process.stdout.write(chunk);
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine?.(line);
  });
  return () => '';
}

function collect(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () => text;
}

/** Runs all steps, also after one has failed; true when every one exited 0. */
export async function runSteps(steps: readonly Step[]): Promise<boolean> {
  const failed: string[] = [];
  for (const step of steps) if (!(await runStep(step)).ok) failed.push(step.title);
  if (failed.length > 0) console.log(`\nfailed: ${failed.join(', ')}`);
  return failed.length === 0;
}
