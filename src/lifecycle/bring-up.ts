import { messageOf, SpacetailError } from '../errors.ts';
import { joinTailnet } from './join.ts';
import { loginPartOf } from './login-parts.ts';
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

/** The run's log of tailscaled, whose lines tell the parts of the way on while `isJoining` holds. */
function tellingParts({ log, progress }: Run, isJoining: () => boolean): JoinParts['log'] {
  return {
    ...log,
    writeLine(line) {
      log.writeLine(line);
      const part = isJoining() ? loginPartOf(line) : undefined;
      if (part !== undefined) progress.part(part);
    },
  };
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
  // No event comes after `ready` or a failure.
  let isJoining = true;
  const log = tellingParts(run, () => isJoining);
  try {
    const first = await joinTailnet(
      settings,
      { ...joinParts(run, begin), log },
      AbortSignal.any([run.ending.signal, timeout]),
    );
    isJoining = false;
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
    isJoining = false;
    const explained = inStep(error, run);
    change(run, downState(explained));
    throw explained;
  }
}
