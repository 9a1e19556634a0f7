/**
 * The longest turn of the event loop while `work` ran, by this thread's CPU time (others use the machine
 * too), and how long the work took.
 */
export async function stalls(
  work: () => Promise<unknown>,
): Promise<{ stallMs: number; tookMs: number }> {
  const cpuMs = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let last = cpuMs();
  let stallMs = 0;
  const timer = setInterval(() => {
    const now = cpuMs();
    stallMs = Math.max(stallMs, now - last);
    last = now;
  }, 1);
  const started = performance.now();
  await work();
  const tookMs = performance.now() - started;
  await new Promise(setImmediate);
  clearInterval(timer);
  return { stallMs, tookMs };
}
