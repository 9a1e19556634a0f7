import { messageOf, SpacetailError } from '../../errors.ts';
import { joinTailnet, type Joined } from '../join/join.ts';
import { loginPartOf } from '../join/login-parts.ts';
import type { JoinParts } from '../join/join-parts.ts';
import {
  change,
  joinParts,
  keep,
  keepTrying,
  mayBeTriedAgain,
  settingsOf,
} from './keep-tailnet.ts';
import type { MemberNode, Step } from '../join/progress.ts';
import type { Run } from './run.ts';
import { downState, type Member, runningState } from './run-state.ts';
import { tellingLines } from '../join/control-server.ts';
import { refuseSameTailnet } from '../join/same-tailnet.ts';

/** What failed, with the tailnet and the step it failed in; running out of time becomes an error of its own. */
function inStep(
  error: unknown,
  { options }: Run,
  step: Step,
  member?: Pick<Member, 'name' | 'log'>,
): SpacetailError {
  const at = `${member === undefined || member.name === '' ? '' : `${member.name}: `}step ${step}`;
  if ((error as Error | undefined)?.name === 'TimeoutError') {
    const seconds = options.settings.upTimeoutMs / 1000;
    const lines = tellingLines(member?.log.lastLines() ?? []).map((line) => `\n  ${line}`);
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

/** Binds the listeners: before a key is minted or used, so that a busy port costs none. */
export async function bindListeners(run: Run): Promise<void> {
  run.progress.begin('listeners');
  try {
    run.state.listeners = await run.parts.bridge.listen();
  } catch (error) {
    throw inStep(error, run, 'listeners');
  }
  run.progress.listening(run.state.listeners);
}

/** The log of a tailscaled, whose lines tell the parts of the way on while `isJoining` holds. */
function tellingParts(
  { progress }: Run,
  { log, name }: Member,
  isJoining: () => boolean,
): JoinParts['log'] {
  return {
    ...log,
    writeLine(line) {
      log.writeLine(line);
      const part = isJoining() ? loginPartOf(line) : undefined;
      if (part !== undefined) progress.part(name === '' ? part : `${name}: ${part}`);
    },
  };
}

/** Joins one tailnet, and keeps it joined from then on. @throws {SpacetailError} with the step in its message */
async function bringUpOne(run: Run, member: Member, signal: AbortSignal): Promise<Joined> {
  let current: Step = 'listeners';
  const begin: JoinParts['begin'] = (step) => {
    current = step;
    run.progress.begin(step, member.name);
    change(run, member, { kind: 'starting', step });
  };
  const notice = (text: string): void =>
    run.progress.notice(member.name === '' ? text : `${member.name}: ${text}`);
  // No event comes after `ready` or a failure.
  let isJoining = true;
  const log = tellingParts(run, member, () => isJoining);
  try {
    const parts = { ...joinParts(run, member, { begin, notice }), log };
    const first = await joinTailnet(settingsOf(run, member), parts, signal);
    isJoining = false;
    member.keeper = keep(run, member, first);
    change(run, member, runningState(first));
    return first;
  } catch (error) {
    isJoining = false;
    const explained = inStep(error, run, current, member);
    change(run, member, downState(explained));
    throw explained;
  }
}

/**
 * Joins the run's tailnets side by side, and keeps them joined from then on.
 * @throws {SpacetailError} of the first that failed and is not optional, or of the first where none was joined
 */
export async function bringUp(run: Run, timeout: AbortSignal): Promise<void> {
  const { members, listeners } = run.state;
  const failed = new AbortController();
  const signal = AbortSignal.any([run.ending.signal, timeout, failed.signal]);
  let failure: unknown;
  const nodes: MemberNode[] = [];
  const joining = members.map(async (member, at) => {
    try {
      nodes[at] = { name: member.name, node: (await bringUpOne(run, member, signal)).node };
    } catch (error) {
      const goesOn = member.isOptional && !run.ending.signal.aborted && !failed.signal.aborted;
      if (goesOn) withoutIt(run, member, error);
      else if (failure === undefined) {
        failure = error;
        // With `--no-wait` the others serve on.
        if (run.options.settings.wait) failed.abort(error);
      }
    }
  });
  await Promise.all(joining);
  const joined = nodes.filter((each) => each !== undefined);
  refuseSameTailnet(joined);
  if (failure !== undefined) throw failure;
  const [first] = joined;
  if (first === undefined)
    throw new SpacetailError('login_failed', 'none of the optional tailnets was joined');
  if (listeners === undefined) return;
  const warnings = joined.flatMap(({ node }) => node.warnings);
  const node = { ...first.node, warnings: [...new Set(warnings)] };
  run.progress.ready(node, listeners, first.name === '' ? undefined : joined);
}

/** The run goes on; what has failed for now is tried again in the background. */
function withoutIt(run: Run, member: Member, error: unknown): void {
  const isTried = mayBeTriedAgain(error);
  const next = isTried ? '; it is tried again in the background' : '';
  run.progress.notice(`the optional tailnet was not joined${next}: ${messageOf(error)}`);
  if (isTried) member.keeper = keepTrying(run, member);
}
