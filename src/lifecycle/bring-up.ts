import { messageOf, SpacetailError } from '../errors.ts';
import { joinTailnet } from './join.ts';
import type { JoinParts } from './join-parts.ts';
import { keepJoined } from './keep-joined.ts';
import type { Run } from './run.ts';
import { downState, runningState } from './run-state.ts';
import type { TailnetState } from './supervisor-parts.ts';

/**
 * What failed, with the step it failed in; running out of time becomes an error of its own.
 * `signal` is the one that the step was given.
 */
function inStep(error: unknown, run: Run): SpacetailError {
  const { progress, options } = run;
  const at = `step ${progress.step}`;
  if ((error as Error | undefined)?.name === 'TimeoutError') {
    const seconds = options.settings.upTimeoutMs / 1000;
    const lines = run.log.lastLines().map((line) => `\n  ${line}`);
    const said = lines.length === 0 ? '' : `\ntailscaled last said:${lines.join('')}`;
    return new SpacetailError(
      'up_timeout',
      options.redact(`${at}: not done within SPACETAIL_UP_TIMEOUT (${seconds} s)${said}`),
    );
  }
  if (!(error instanceof SpacetailError)) {
    return new SpacetailError('internal', options.redact(`${at}: ${messageOf(error)}`), {
      cause: error,
    });
  }
  if (error.code === 'up_interrupted') return error;
  return new SpacetailError(error.code, options.redact(`${at}: ${error.message}`), {
    hint: error.hint,
    cause: error,
  });
}

function change(run: Run, tailnet: TailnetState): void {
  run.state.tailnet = tailnet;
  run.parts.tailnetChanged(tailnet);
}

function joinParts(run: Run, begin: JoinParts['begin']): JoinParts {
  const { folder, log, options, parts } = run;
  return {
    folder,
    log,
    env: options.env,
    obtainKey: (signal) => parts.obtainKey(signal),
    readiness: (tailnet, signal) => parts.readiness(tailnet, signal),
    begin,
  };
}

/** Binds the listeners: before a key is minted or used, so that a busy port costs none. */
export async function bindListeners(run: Run): Promise<void> {
  run.progress.begin('listeners');
  try {
    run.state.listeners = await run.parts.bridge.listen();
  } catch (error) {
    throw inStep(error, run);
  }
  run.progress.listening(run.state.listeners);
}

/**
 * Joins the tailnet, and keeps it joined from then on.
 * @throws {SpacetailError} with the step in its message
 */
export async function bringUp(run: Run, timeout: AbortSignal): Promise<void> {
  const { settings } = run.options;
  const begin: JoinParts['begin'] = (step) => {
    run.progress.begin(step);
    change(run, { kind: 'starting', step });
  };
  try {
    const first = await joinTailnet(
      settings,
      joinParts(run, begin),
      AbortSignal.any([run.ending.signal, timeout]),
    );
    run.state.keeper = keepJoined(first, {
      rejoin: (stop) => {
        const limit = AbortSignal.any([stop, AbortSignal.timeout(settings.upTimeoutMs)]);
        return joinTailnet(
          settings,
          joinParts(run, () => {}),
          limit,
        );
      },
      onChange: (next) =>
        change(run, next.kind === 'up' ? runningState(next.joined) : downState(next.reason)),
    });
    change(run, runningState(first));
    if (run.state.listeners !== undefined) run.progress.ready(first.node, run.state.listeners);
  } catch (error) {
    const explained = inStep(error, run);
    change(run, downState(explained));
    throw explained;
  }
}
