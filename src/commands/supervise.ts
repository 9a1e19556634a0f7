/** `spacetail supervise`: what `up` starts, detached; its plan comes over fd 3, never by argv or environment. */
import { receiveHandOver } from '../lifecycle/run/detached-start.ts';
import { isFinal } from '../lifecycle/join/progress.ts';
import type { RunPlan } from '../serve.ts';
import type { CommandIo } from './io.ts';

const stderrFd = 2;

export async function run(_options: object, io: CommandIo): Promise<number> {
  const handOver = await receiveHandOver();
  const plan = handOver.payload as RunPlan;
  const { serve } = await import('../serve.ts');
  const end = await serve(plan, {
    env: io.env,
    report(event) {
      handOver.report(event);
      // With --no-wait `up` leaves after this one, and its end means nothing.
      if (isFinal(event) || (!plan.config.wait && event.kind === 'listening')) handOver.finish();
    },
    stop: AbortSignal.any([io.signal, handOver.abandoned]),
    logFd: stderrFd,
  });
  return end.kind === 'ended' && end.error !== undefined ? 1 : 0;
}
