import { SpacetailError } from '../errors.ts';
import type { TailscaledLog } from './tailscaled-log.ts';
import {
  childEnvironment,
  type Environment,
  type Upstream,
  upstreamEnvironment,
} from './child-environment.ts';
import { login } from './login.ts';
import { recordProcess } from './pidfile.ts';
import type { NodeSummary, Step } from './progress.ts';
import { checkSocketFolder, removeSecretFiles, type RuntimeFolder } from './runtime-folder.ts';
import { startTailscaled, type Tailscaled } from './tailscaled.ts';
import { tailscaledArguments, type TailscaledSettings } from './tailscaled-arguments.ts';
import { upArguments, type UpPlan, type UpSettings } from './up-arguments.ts';

export interface JoinSettings {
  /** Paths, or names to look up in PATH. */
  readonly tailscale: string;
  readonly tailscaled: string;
  readonly upTimeoutMs: number;
  readonly upstreamProxy: Upstream | undefined;
  readonly tailnet: TailscaledSettings & UpSettings;
}

/** A tailscaled that is being joined or has joined; what the rest of the program needs of it. */
export interface TailnetView {
  readonly pid: number;
  readonly socket: string;
  readonly socksAddress: { readonly host: string; readonly port: number };
  readonly acceptDns: boolean;
  readonly acceptRoutes: boolean;
  readonly shieldsUp: boolean;
  /** Aborted when this tailscaled is gone. */
  readonly gone: AbortSignal;
}

/** What joining needs from outside this folder, and whom it tells. */
export interface JoinParts {
  readonly folder: RuntimeFolder;
  readonly env: Environment;
  readonly log: TailscaledLog;
  /** The auth key; undefined where the user's own arguments have one. */
  obtainKey(signal: AbortSignal): Promise<string | undefined>;
  /** Resolves when the backend runs and the first netmap is there. */
  readiness(tailnet: TailnetView, signal: AbortSignal): Promise<NodeSummary>;
  begin(step: Step): void;
}

export interface Joined {
  readonly tailscaled: Tailscaled;
  readonly view: TailnetView;
  readonly node: NodeSummary;
}

/** A tailscaled that joined may log its node out before it ends; it takes 5 s at most for that. */
export const stopGraceMs = 4000;

/** Rejects when tailscaled ends; never resolves. */
async function death(tailscaled: Tailscaled): Promise<never> {
  const exit = await tailscaled.exited;
  throw new SpacetailError('tailscaled_failed', `tailscaled ${exit.how}`);
}

async function start(
  settings: JoinSettings,
  parts: JoinParts,
  signal: AbortSignal,
): Promise<Tailscaled> {
  if (settings.tailnet.socket !== undefined) await checkSocketFolder(settings.tailnet.socket);
  const plan = tailscaledArguments(parts.folder, settings.tailnet);
  parts.begin('tailscaled');
  return await startTailscaled(
    {
      binary: settings.tailscaled,
      args: plan.args,
      socket: plan.socket,
      // Its files belong to the run, and HOME may be unset or read-only.
      env: {
        ...childEnvironment(parts.env),
        HOME: parts.folder.path,
        ...upstreamEnvironment(settings.upstreamProxy),
      },
      cwd: parts.folder.path,
      log: parts.log,
      onSpawn: (process) =>
        void recordProcess(parts.folder.tailscaledPidfile, process).catch(() => {}),
    },
    signal,
  );
}

/** Starts tailscaled while the key is obtained; when one fails the other is undone. */
async function startWithKey(
  settings: JoinSettings,
  parts: JoinParts,
  signal: AbortSignal,
): Promise<{ readonly tailscaled: Tailscaled; readonly key: string | undefined }> {
  const failure = new AbortController();
  const both = AbortSignal.any([signal, failure.signal]);
  const settle = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      failure.abort(error);
      return undefined;
    }
  };
  let obtained = false;
  const obtain = async (): Promise<string | undefined> => {
    try {
      const key = await parts.obtainKey(both);
      obtained = true;
      return key;
    } catch (error) {
      if (!failure.signal.aborted) parts.begin('credentials');
      throw error;
    }
  };
  const key = settle(obtain());
  const tailscaled = await settle(start(settings, parts, both));
  // From here on it is the key that is waited for.
  if (tailscaled !== undefined && !obtained && !both.aborted) parts.begin('credentials');
  const obtainedKey = await key;
  if (tailscaled !== undefined && !failure.signal.aborted) return { tailscaled, key: obtainedKey };
  await tailscaled?.stop(stopGraceMs);
  throw failure.signal.reason;
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
  const startedMs = performance.now();
  const { tailscaled, key } = await startWithKey(settings, parts, signal);
  const died = new AbortController();
  const alive = AbortSignal.any([signal, died.signal]);
  void tailscaled.exited.then(() =>
    died.abort(new SpacetailError('tailscaled_failed', 'tailscaled has ended')),
  );
  const logIn = async (): Promise<UpPlan> => {
    parts.begin('login');
    const leftMs = settings.upTimeoutMs - (performance.now() - startedMs);
    const plan = await upArguments(parts.folder, settings.tailnet, key, leftMs);
    const cli = { binary: settings.tailscale, socket: tailscaled.socket, cwd: parts.folder.path };
    await login(
      { ...cli, env: { ...childEnvironment(parts.env), HOME: parts.folder.path } },
      plan.args,
      alive,
    );
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
