/** What processes have used, as the kernel counts it. */
import { readdirSync, readFileSync } from 'node:fs';

/** proc_pid_stat(5) counts in these, on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** User and system time of the processes so far, in seconds; of one that is gone, nothing. */
export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuTicks(pid), 0) / ticksPerSecond;
}

function cpuTicks(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name may hold spaces and parentheses; what follows the last one does not.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
}

/** Resident memory in KiB. @throws Error when there is no such process */
export function residentKb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}

/** What the processes used while `work` ran, and what came of it. */
export async function whileUsing<T>(
  pids: readonly number[],
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly cpuSeconds: number }> {
  const before = cpuSecondsOf(pids);
  const result = await work();
  return { result, cpuSeconds: cpuSecondsOf(pids) - before };
}

/**
 * Of all threads of a process, in microseconds; of one that has ended there is none. /proc/PID/stat counts ticks of 10 ms,
 * this is what the scheduler has measured (kernel: Documentation/scheduler/sched-stats).
 */
export function exactCpuUsOf(pid: number): number {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder)
    .map((id) => Number(readFileSync(`${folder}/${id}/schedstat`, 'latin1').split(' ')[0]) / 1000)
    .reduce((sum, us) => sum + us, 0);
}
