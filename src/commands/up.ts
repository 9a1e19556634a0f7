/** `spacetail up`: starts the supervisor and waits until it is ready, or joins one that is there. */
import { loadConfig } from '../config.ts';
import { SpacetailError } from '../errors.ts';
import { describeCredential } from '../lifecycle/credentials.ts';
import { callControl } from '../lifecycle/control-client.ts';
import { fromErrorMessage } from '../lifecycle/error-message.ts';
import { startDetached } from '../lifecycle/hand-over.ts';
import { findOwner } from '../lifecycle/owner.ts';
import { readPidfile } from '../lifecycle/pidfile.ts';
import type { ProcessId } from '../lifecycle/process-id.ts';
import type { ProgressEvent } from '../lifecycle/progress.ts';
import { savedProxyVariables } from '../lifecycle/proxy-variables.ts';
import {
  findRuntimeFolder,
  openRuntimeFolder,
  type RuntimeFolder,
} from '../lifecycle/runtime-folder.ts';
import { removeStaleCustomInput } from '../report/custom-input.ts';
import type { StatusDocument } from '../serve/status.ts';
import { cliPath } from './cli-path.ts';
import type { CommandIo } from './io.ts';
import { projectRoot } from './project-root.ts';
import { formatListen, progressPrinter, summaryLine } from './progress-printer.ts';
import { planRun } from './run-plan.ts';

export interface UpOptions {
  /** False for `--no-wait`; SPACETAIL_WAIT=0 says the same. */
  readonly wait?: boolean;
}

/** The supervisor that runs already: its last progress event, waited for. */
async function joinRunning(
  folder: RuntimeFolder,
  io: CommandIo,
  options: {
    readonly wait: boolean;
    readonly timeoutMs: number;
    readonly owner: ProcessId | undefined;
  },
  onEvent: (event: ProgressEvent) => void,
): Promise<number> {
  const signal = AbortSignal.any([io.signal, AbortSignal.timeout(options.timeoutMs)]);
  await callControl(folder.controlSocket, 'own', {
    parameters: { pid: options.owner?.pid ?? 0 },
    signal,
  });
  if (options.wait) {
    const last = (await callControl(folder.controlSocket, 'wait', {
      signal,
      onProgress: (event) => onEvent(event as ProgressEvent),
    })) as ProgressEvent | null;
    if (last?.kind === 'failed') throw fromErrorMessage(last.error);
  }
  const status = (await callControl(folder.controlSocket, 'status', { signal })) as StatusDocument;
  const { node, listeners, state } = status;
  io.stderr.write(
    `spacetail: already up as ${node.name || '(joining)'} (pid ${status.supervisor.pid}), HTTP ${listeners.http}, ${state}\n`,
  );
  if (state === 'degraded' || state === 'failed') {
    throw new SpacetailError(
      'tailscaled_failed',
      `spacetail is up but ${state}: ${status.detail ?? 'unknown'}`,
    );
  }
  return 0;
}

async function runningFolder(runtimeDir: string): Promise<RuntimeFolder | undefined> {
  const folder = await findRuntimeFolder(runtimeDir);
  if (folder === undefined) return undefined;
  const pidfile = await readPidfile(folder.pidfile);
  return pidfile.kind === 'running' ? folder : undefined;
}

/** @returns 0 when ready @throws SpacetailError */
export async function run(options: UpOptions, io: CommandIo): Promise<number> {
  const config = loadConfig(io.env);
  const wait = options.wait !== false && config.wait;
  const printer = progressPrinter(io, config.trace);
  const owner = findOwner(config.owner);
  const joining = { wait, timeoutMs: config.upTimeoutMs, owner };
  const running = await runningFolder(config.runtimeDir);
  if (running !== undefined) return await joinRunning(running, io, joining, printer);

  const plan = await planRun(io, { wait, owner, before: savedProxyVariables(io.env, config) });
  const root = projectRoot();
  if (root !== undefined) await removeStaleCustomInput(root);
  io.stderr.write(
    `spacetail: joining as ${config.tailnet.hostname} with ${describeCredential(plan.credentials)}\n`,
  );
  const folder = await openRuntimeFolder(config.runtimeDir);
  const last = await startDetached(
    {
      command: [process.execPath, cliPath(), 'supervise'],
      folder,
      payload: plan,
      env: io.env,
      onEvent: printer,
      ...(!wait && { until: (event: ProgressEvent) => event.kind === 'listening' }),
    },
    io.signal,
  );
  switch (last.kind) {
    case 'failed':
      throw fromErrorMessage(last.error);
    case 'already':
      return await joinRunning(folder, io, joining, printer);
    case 'ready':
      io.stderr.write(`spacetail: ${summaryLine(last.node, last.listeners, last.elapsedMs)}\n`);
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
