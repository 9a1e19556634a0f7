/** TRACE: a line in the access log when a request begins, and one for each step with how long it took. */
import type { Trace } from '../request/exchange-options.ts';
import { jsonFields } from './line-writer.ts';
import type { WriteLine } from './line-writer.ts';

/** `start` has what is known of the request then; its client is looked up meanwhile. */
export function createTraceLines(writeLine: WriteLine, now: () => number = Date.now): Trace {
  return (id, step, facts) => {
    const { ms, ...known } = facts;
    const timeMs = now();
    if (step === 'start') {
      writeLine({ timeMs, level: 'debug', msg: 'request start' }, jsonFields({ id, ...known }));
      return;
    }
    writeLine(
      { timeMs, level: 'debug', msg: 'request step' },
      jsonFields({ id, step, ms: roundMs(ms), ...known }),
    );
  };
}

/** Microseconds are all that the clocks are good for. */
function roundMs(ms: unknown): number | null {
  return typeof ms === 'number' ? Math.round(ms * 1000) / 1000 : null;
}
