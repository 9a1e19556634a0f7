import { readFileSync } from 'node:fs';

/** A process named so that a reused pid is told apart: the kernel's start time goes with it. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks after boot, field 22 of /proc/PID/stat (proc_pid_stat(5)). */
  readonly startTicks: number;
}

export interface ProcessStat extends ProcessId {
  readonly parentPid: number;
  /** One letter, e.g. `R`, `S`, `Z`. */
  readonly state: string;
}

/** Reads the text of /proc/PID/stat; the command in parentheses may itself hold spaces and parentheses. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, startTicks] = [fields[0], Number(fields[1]), Number(fields[19])];
  if (state === undefined || !/^[A-Za-z]$/.test(state)) return undefined;
  if (![pid, parent, startTicks].every((value) => Number.isSafeInteger(value) && value >= 0)) {
    return undefined;
  }
  return { pid, startTicks, parentPid: parent, state };
}

/** The process as the kernel knows it now; a zombie counts as gone, since nobody may ever reap it. */
export function readProcess(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const stat = parseProcessStat(text);
  return stat === undefined || /[ZXx]/.test(stat.state) ? undefined : stat;
}

/** Whether this very process still runs, not another one under its number. */
export function isRunning(process: ProcessId): boolean {
  return readProcess(process.pid)?.startTicks === process.startTicks;
}

/** Names a running process; `undefined` when it is gone. */
export function identify(pid: number): ProcessId | undefined {
  const stat = readProcess(pid);
  return stat && { pid, startTicks: stat.startTicks };
}

/**
 * Sends a signal to this very process and to no other that got its number.
 * @returns false when it was gone already or is not ours to signal
 */
export function signalProcess(target: ProcessId, signal: NodeJS.Signals): boolean {
  if (!isRunning(target)) return false;
  try {
    return process.kill(target.pid, signal);
  } catch {
    return false;
  }
}

/**
 * Waits until the process is gone. /proc tells nobody, and Node has no pidfd, so it looks every 20 ms.
 * @returns whether it was gone within `timeoutMs`
 */
export async function waitForExit(target: ProcessId, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isRunning(target)) {
    if (performance.now() >= deadline) return false;
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  return true;
}
