import { SpacetailError } from '../../errors.ts';
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
  const log: JoinParts['log'] = {
    ...parts.log,
    writeLine(line) {
      registration.onLine(line);
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
  const alive = AbortSignal.any([signal, died.signal]);
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
    await tailscaled.stop(stopGraceMs);
    throw withLastLines(error, tailscaled.lastLines());
  } finally {
    await removeSecretFiles(parts.folder);
  }
}

/** Adds what tailscaled last said to an error of a later step. */
function withLastLines(error: unknown, lines: readonly string[]): unknown {
  if (!(error instanceof SpacetailError) || lines.length === 0) return error;
  const quoted = lines.map((line) => `  ${line}`).join('\n');
  return new SpacetailError(error.code, `${error.message}\ntailscaled last said:\n${quoted}`, {
    hint: error.hint,
    cause: error,
  });
}
