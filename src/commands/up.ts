/** `spacetail up`: starts the supervisor and waits until it is ready, or joins one that is there. */
import { type Config, loadConfig } from '../config.ts';
import { SpacetailError } from '../errors.ts';
import { fromErrorMessage } from '../lifecycle/control/error-message.ts';
import { startDetached } from '../lifecycle/run/detached-start.ts';
import { findOwner } from '../lifecycle/run/owner.ts';
import { readPidfile } from '../lifecycle/folder/pidfile.ts';
import { type ProcessId, waitForExit } from '../lifecycle/folder/process-id.ts';
import type { ProgressEvent } from '../lifecycle/join/progress.ts';
import { savedProxyVariables } from '../lifecycle/run/proxy-variables.ts';
import {
  asUnusable,
  findRuntimeFolder,
  openRuntimeFolder,
  type RuntimeFolder,
} from '../lifecycle/folder/runtime-folder.ts';
import { removeStaleCustomInput } from '../report/custom-input.ts';
import type { StatusDocument } from '../serve/status.ts';
import type { CommandIo } from './io.ts';
import { joinRunning } from './join-running.ts';
import { projectRoot } from './project-root.ts';
import { formatListen, joiningLines, progressPrinter, summaryLine } from './progress-printer.ts';
import { planRun } from './run-plan.ts';
import { supervisorCommand } from './supervisor-command.ts';

export interface UpOptions {
  /** False for `--no-wait`; SPACETAIL_WAIT=0 says the same. */
  readonly wait?: boolean;
}

async function findRunning(
  runtimeDir: string,
): Promise<{ folder: RuntimeFolder; supervisor: ProcessId } | undefined> {
  const folder = await findRuntimeFolder(runtimeDir);
  if (folder === undefined) return undefined;
  const pidfile = await readPidfile(folder.pidfile);
  return pidfile.kind === 'running' ? { folder, supervisor: pidfile.process } : undefined;
}

/** A run that ends takes less; one that does not end is not waited for. */
const endingMs = 12_000;

/** True when a run was there and is ready; false when there is none, or it has just ended. */
async function isUpAlready(io: CommandIo, config: Config, wait: boolean): Promise<boolean> {
  const running = await findRunning(config.runtimeDir);
  if (running === undefined) return false;
  const joined = await joinRunning(running.folder, io, {
    wait,
    timeoutMs: config.upTimeoutMs,
    owner: findOwner(config.owner),
    isUnowned: config.owner.kind === 'none',
    onEvent: progressPrinter(io, config.trace),
  });
  if (joined.kind === 'joined') {
    const { node, listeners, state, supervisor } = joined.status;
    const name = node.name || '(joining)';
    io.stderr.write(
      `spacetail: already up as ${name} (pid ${supervisor.pid}), HTTP ${listeners.http}, ${state}\n`,
    );
    tellOtherTailnets(io, config, joined.status);
    return true;
  }
  if (await waitForExit(running.supervisor, endingMs)) return false;
  throw new SpacetailError(
    'control_failed',
    `the run before (pid ${running.supervisor.pid}) does not end`,
  );
}

/** The list is read when a run starts; a phase with another one is told that it changes nothing. */
function tellOtherTailnets(io: CommandIo, config: Config, { tailnets }: StatusDocument): void {
  const joined = (tailnets ?? []).map(({ name }) => name);
  const wanted = config.tailnets.map(({ name }) => name).filter((name) => name !== '');
  if (joined.join() === wanted.join()) return;
  const has = joined.length === 0 ? 'one tailnet' : `the tailnets ${joined.join(', ')}`;
  io.stderr.write(
    `spacetail: warning: the run has ${has}; another SPACETAIL_TAILNETS counts after \`spacetail down\`\n`,
  );
}

async function start(io: CommandIo, config: Config, wait: boolean): Promise<ProgressEvent> {
  const owner = findOwner(config.owner);
  const plan = await planRun(io, { wait, owner, before: savedProxyVariables(io.env, config) });
  const root = projectRoot();
  if (root !== undefined) await removeStaleCustomInput(root);
  io.stderr.write(joiningLines(plan));
  const folder = await openRuntimeFolder(config.runtimeDir);
  const starting = startDetached(
    {
      command: supervisorCommand(),
      folder,
      payload: plan,
      env: io.env,
      onEvent: progressPrinter(io, config.trace),
      ...(!wait && { until: (event: ProgressEvent) => event.kind === 'listening' }),
    },
    io.signal,
  );
  return await starting.catch((error: unknown) => {
    throw asUnusable(folder.path, error);
  });
}

/** A busy port is named with who has it, and the way around. */
async function withHolder(error: SpacetailError, config: Config): Promise<SpacetailError> {
  if (error.code !== 'listen_failed') return error;
  const busy = [config.http, config.socks5].find((listen) =>
    error.message.includes(`:${listen?.port}`),
  );
  if (busy === undefined || !error.message.includes('another process')) return error;
  const { holderOf } = await import('./doctor/listening-sockets.ts');
  return new SpacetailError(
    error.code,
    error.message.replace('another process listens there', `taken by ${await holderOf(busy.port)}`),
    {
      hint: `${error.hint} Port 0 takes any free one, which \`spacetail env\` knows.`,
      cause: error,
    },
  );
}

/** @returns 0 when ready @throws SpacetailError */
export async function run(options: UpOptions, io: CommandIo): Promise<number> {
  const config = loadConfig(io.env);
  const wait = options.wait !== false && config.wait;
  for (;;) {
    if (await isUpAlready(io, config, wait)) return 0;
    const last = await start(io, config, wait);
    switch (last.kind) {
      case 'failed':
        throw await withHolder(fromErrorMessage(last.error), config);
      case 'already':
        // Two at once, and the other one was first: it is joined like one that was there before.
        continue;
      case 'ready':
        io.stderr.write(`spacetail: ${summaryLine(last)}\n`);
        return 0;
      case 'listening':
        io.stderr.write(
          `spacetail: listening on ${formatListen(last.listeners.http)}; requests wait for the tailnet (spacetail wait)\n`,
        );
        return 0;
      default:
        throw new SpacetailError('internal', `up ended at ${last.kind}`);
    }
  }
}
