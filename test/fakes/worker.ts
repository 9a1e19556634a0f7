/**
 * A worker as Spacelift's: each phase is one shell that runs hooks and command; the environment is saved in the workspace
 * between phases; a pause replaces the container and keeps the workspace; a phase is over when its pipe has ended.
 */
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { tmpFolder, type HasTeardown } from '../support/tmp-folder.ts';
import type { HookShell } from './hook-world.ts';
import { phaseScript, type Hooks } from './phase-script.ts';
import { type Container, startContainer } from './worker-container.ts';

export interface WorkerOptions {
  readonly shell: HookShell;
  readonly hooks: Hooks;
  /** Of the stack and its contexts. `/mnt` in it is the container's. */
  readonly env: Readonly<Record<string, string>>;
  /** For each phase; it and all it has left is killed then. 60 s. */
  readonly timeLimitMs?: number;
}

export interface PhaseResult {
  /** Of the phase's shell. */
  readonly code: number;
  readonly output: string;
  /** The pipe had not ended at the time limit. */
  readonly timedOut: boolean;
  /** Command lines of what runs in the container after the phase. */
  readonly left: readonly string[];
}

export interface RunningPhase {
  readonly result: Promise<PhaseResult>;
  readonly shellExited: Promise<number>;
  /** Waits until it has printed what matches. @throws Error when its pipe ends before */
  printed(wanted: RegExp): Promise<void>;
  /** The user cancels the run: a signal to the phase's process group. */
  cancel(signal: 'SIGTERM' | 'SIGINT'): void;
}

export interface Worker {
  /** `/mnt/workspace` of its containers. */
  readonly workspace: string;
  readonly savedEnvironment: string;
  startPhase(command: string): Promise<RunningPhase>;
  runPhase(command: string): Promise<PhaseResult>;
  /** The run waits for a confirmation: the container goes, with all that runs in it, and another one comes. */
  pause(): Promise<void>;
  commandLines(): string[];
}

/**
 * For `spacetailFor`, what is different in a container: the defaults, 127.0.0.1:8080 among them, and its own files. Only
 * /tmp is not one of its own here.
 */
export const containerVariables = {
  SPACETAIL_HTTP_LISTEN: '',
  SPACETAIL_SOCKS5_LISTEN: '',
  SPACETAIL_OWNER_PID: '',
  SPACETAIL_RUNTIME_DIR: '/mnt/run',
  HOME: '/mnt/home',
} as const;

const saved = '/mnt/workspace/.env_hooks_after';

export async function createWorker(t: HasTeardown, options: WorkerOptions): Promise<Worker> {
  const workspace = join(tmpFolder(t), 'workspace');
  mkdirSync(workspace);
  let container: Container = await startContainer(workspace);
  t.teardown(() => container.remove());
  const [, file, ...args] = options.shell;

  async function startPhase(command: string): Promise<RunningPhase> {
    const load = `[ ! -f ${saved} ] || . ${saved}`;
    const script = `${load}\n${phaseScript(command, options.hooks, [`export -p > ${saved}`])}`;
    const inThere = container;
    const started = await inThere.start([file, ...args, script], options.env);
    let output = '';
    started.output.setEncoding('utf8').on('data', (text: string) => (output += text));
    const finish = async (): Promise<PhaseResult> => {
      let timedOut = false;
      const limit = setTimeout(() => {
        timedOut = true;
        void inThere.remove();
      }, options.timeLimitMs ?? 60_000);
      const ended = new Promise<void>((resolve) => started.output.once('close', () => resolve()));
      const [code] = await Promise.all([started.exited, ended]);
      clearTimeout(limit);
      return { code, output, timedOut, left: timedOut ? [] : inThere.commandLines() };
    };
    return {
      result: finish(),
      shellExited: started.exited,
      async printed(wanted) {
        while (!wanted.test(output)) {
          if (started.output.readableEnded)
            throw new Error(`${wanted} was not printed:\n${output}`);
          await Promise.race([once(started.output, 'data'), once(started.output, 'close')]);
        }
      },
      cancel: (signal) => started.signal(signal),
    };
  }

  return {
    workspace,
    savedEnvironment: join(workspace, '.env_hooks_after'),
    startPhase,
    runPhase: async (command) => await (await startPhase(command)).result,
    async pause() {
      await container.remove();
      container = await startContainer(workspace);
    },
    commandLines: () => container.commandLines(),
  };
}
