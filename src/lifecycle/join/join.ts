import { SpacetailError } from '../../errors.ts';
import {
  isAboutCertificate,
  notReachedText,
  tellingLines,
  type Trouble,
  troubleIn,
  wrongCertificate,
} from './control-server.ts';
import { childEnvironment, upstreamEnvironment } from '../tailscaled/child-environment.ts';
import { type JoinParts, type JoinSettings, stopGraceMs, type TailnetView } from './join-parts.ts';
import { followRegistration, leavingTailscaled } from './leave.ts';
import { login } from './login.ts';
import type { NodeSummary } from './progress.ts';
import { removeSecretFiles } from '../folder/runtime-folder.ts';
import { startWithKey } from './start-with-key.ts';
import type { Tailscaled } from '../tailscaled/tailscaled.ts';
import { tailscaledArguments } from '../tailscaled/tailscaled-arguments.ts';
import type { TailscaleCli } from './tailscale-cli.ts';
import { upArguments, type UpPlan } from './up-arguments.ts';

export interface Joined {
  readonly tailscaled: Tailscaled;
  readonly view: TailnetView;
  readonly node: NodeSummary;
}

/** Rejects when tailscaled ends; never resolves. */
async function death(tailscaled: Tailscaled): Promise<never> {
  const exit = await tailscaled.exited;
  throw new SpacetailError('tailscaled_failed', `tailscaled ${exit.how}`);
}

/**
 * One way into the tailnet: tailscaled and the key at once, `tailscale up`, the first netmap. A failure
 * leaves no tailscaled and no key file behind.
 *
 * @throws {SpacetailError} of the step that failed; the signal's reason
 */
export async function joinTailnet(
  settings: JoinSettings,
  parts: JoinParts,
  signal: AbortSignal,
): Promise<Joined> {
  try {
    return await joinOnce(settings, parts, signal);
  } catch (error) {
    const isNew = !parts.learnt.wantsLogs && !keepsQuiet(settings.tailnet.tailscaledArgs);
    if (!(error instanceof SpacetailError) || error.code !== 'logs_required' || !isNew) throw error;
    parts.learnt.wantsLogs = true;
    parts.notice(
      'this tailnet demands logs of its nodes (flow logs): tailscaled starts again without --no-logs-no-support',
    );
    return await joinOnce(settings, parts, signal);
  }
}

/** The user's own word against logs is not overruled. */
function keepsQuiet(tailscaledArgs: readonly string[]): boolean {
  return tailscaledArgs.some((word) => /^--?no-logs-no-support(?:=|$)/.test(word));
}

async function joinOnce(
  settings: JoinSettings,
  parts: JoinParts,
  signal: AbortSignal,
): Promise<Joined> {
  const startedMs = performance.now();
  const daemon = tailscaledArguments(parts.folder, settings.tailnet, parts.learnt.wantsLogs);
  const registration = followRegistration();
  const hopeless = new AbortController();
  let trouble: Trouble | undefined;
  let isJoining = true;
  const hear = (line: string): void => {
    const found = isJoining ? troubleIn(line) : undefined;
    if (found === undefined) return;
    if (isAboutCertificate(found)) hopeless.abort(wrongCertificate(found));
    else if (trouble === undefined)
      parts.notice(`${notReachedText(found)}; it is tried until SPACETAIL_UP_TIMEOUT`);
    trouble = found;
  };
  const log: JoinParts['log'] = {
    ...parts.log,
    writeLine(line) {
      registration.onLine(line);
      hear(line);
      parts.log.writeLine(line);
    },
  };
  const started = await startWithKey(settings, { ...parts, log }, daemon, signal);
  const cli: TailscaleCli = {
    binary: settings.tailscale,
    socket: started.tailscaled.socket,
    cwd: parts.folder.path,
    env: {
      ...childEnvironment(parts.env),
      HOME: parts.folder.tailscaledHome,
      // The CLI asks the API itself where it is given an OAuth client.
      ...upstreamEnvironment(settings.upstreamProxy),
    },
  };
  const tailscaled = leavingTailscaled(started.tailscaled, cli, registration);
  const died = new AbortController();
  const alive = AbortSignal.any([signal, died.signal, hopeless.signal]);
  void tailscaled.exited.then(() =>
    died.abort(new SpacetailError('tailscaled_failed', 'tailscaled has ended')),
  );
  const logIn = async (): Promise<UpPlan> => {
    parts.begin('login');
    const leftMs = settings.upTimeoutMs - (performance.now() - startedMs);
    const plan = await upArguments(parts.folder, settings.tailnet, {
      authKey: started.key,
      timeoutMs: leftMs,
      keepsState: !daemon.ephemeral,
    });
    await login(cli, plan.args, alive);
    return plan;
  };
  try {
    const plan = await Promise.race([logIn(), death(tailscaled)]);
    parts.begin('netmap');
    const view: TailnetView = {
      pid: tailscaled.process.pid,
      socket: tailscaled.socket,
      socksAddress: tailscaled.socksAddress,
      acceptDns: plan.acceptDns,
      acceptRoutes: plan.acceptRoutes,
      shieldsUp: plan.shieldsUp,
      gone: died.signal,
    };
    return {
      tailscaled,
      view,
      node: await Promise.race([parts.readiness(view, alive), death(tailscaled)]),
    };
  } catch (error) {
    // Its last words are those before it is stopped.
    const said = tellingLines(tailscaled.lastLines());
    await tailscaled.stop(stopGraceMs);
    throw explained(error, settings, trouble, trouble === undefined ? said : []);
  } finally {
    isJoining = false;
    await removeSecretFiles(parts.folder);
  }
}

/** The cause first: what keeps tailscaled from its control server, else the error with what tailscaled said of it. */
function explained(
  error: unknown,
  { upTimeoutMs }: JoinSettings,
  trouble: Trouble | undefined,
  said: readonly string[],
): unknown {
  const isLate =
    (error as Error | undefined)?.name === 'TimeoutError' ||
    (error instanceof SpacetailError && error.code === 'up_timeout');
  const limit = `not done within SPACETAIL_UP_TIMEOUT (${upTimeoutMs / 1000} s)`;
  if (isLate && trouble !== undefined) {
    return new SpacetailError('up_timeout', `${notReachedText(trouble)}; ${limit}`, {
      hint: '`spacetail doctor` looks at the way there; set SPACETAIL_UPSTREAM_PROXY where the container needs a proxy.',
      cause: error,
    });
  }
  if (!(error instanceof SpacetailError) && !isLate) return error;
  const message = error instanceof SpacetailError ? error.message : limit;
  // tailscaled logs what the CLI was told.
  const further = said.filter(
    (line) => !message.includes(line.replace(/^.*?Received error: /, '')),
  );
  const quoted = [...new Set(further)].map((line) => `\n  ${line}`).join('');
  const words = quoted === '' ? '' : `\ntailscaled last said:${quoted}`;
  return error instanceof SpacetailError
    ? new SpacetailError(error.code, `${message}${words}`, { hint: error.hint, cause: error })
    : new SpacetailError('up_timeout', `${message}${words}`, { cause: error });
}
