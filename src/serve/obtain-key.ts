import type { Logger } from '../log.ts';
import type { RunPlan } from './run-plan.ts';

/** The auth key of the run's credential; undefined where the user's own arguments have one. */
export function obtainKeyOf(plan: RunPlan, _logger: Logger): (signal: AbortSignal) => Promise<string | undefined> {
  const { credentials } = plan;
  return async () => {
    if (credentials.kind === 'auth-key') return credentials.authKey;
    return undefined;
  };
}
