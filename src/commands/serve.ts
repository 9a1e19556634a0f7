/** `spacetail serve`: the supervisor in the foreground, for a sidecar, systemd or compose. Logs on stdout. */
import { loadConfig } from '../config.ts';
import { messageOf } from '../errors.ts';
import { savedProxyVariables } from '../lifecycle/run/proxy-variables.ts';
import { identify } from '../lifecycle/folder/process-id.ts';
import type { ProgressEvent } from '../lifecycle/join/progress.ts';
import { serve as serveRun } from '../serve.ts';
import type { CommandIo } from './io.ts';
import { joiningLines, progressPrinter, summaryLine } from './progress-printer.ts';
import { planRun } from './run-plan.ts';

const stdoutFd = 1;

/** Tells systemd; Node has no unix datagram sockets, so its own program does. */
async function notifyReady(io: CommandIo): Promise<void> {
  if ((io.env['NOTIFY_SOCKET'] ?? '') === '') return;
  const { execa } = await import('execa');
  try {
    await execa('systemd-notify', ['--ready', `--pid=${process.pid}`], { stdio: 'ignore' });
  } catch (error) {
    io.stderr.write(`spacetail: warning: systemd-notify failed: ${messageOf(error)}\n`);
  }
}

/** @returns 0 when it was ended by a signal or `down`, 1 when it failed */
export async function run(_options: object, io: CommandIo): Promise<number> {
  const config = loadConfig(io.env);
  // Whoever starts `serve` watches it; only a process named on purpose is waited for.
  const owner = config.owner.kind === 'pid' ? identify(config.owner.pid) : undefined;
  const plan = await planRun(io, { owner, before: savedProxyVariables(io.env, config) });
  io.stderr.write(joiningLines(plan));
  const print = progressPrinter(io, config.trace);
  let notified: Promise<void> | undefined;
  const end = await serveRun(plan, {
    env: io.env,
    report(event: ProgressEvent) {
      print(event);
      if (event.kind !== 'ready') return;
      io.stderr.write(`spacetail: ${summaryLine(event)}\n`);
      notified ??= notifyReady(io);
    },
    stop: io.signal,
    logFd: stdoutFd,
  });
  if (end.kind === 'already') {
    io.stderr.write(`spacetail: already up (pid ${end.by.pid})\n`);
    return 1;
  }
  if (end.error === undefined || end.end !== 'failed') return 0;
  throw end.error;
}
