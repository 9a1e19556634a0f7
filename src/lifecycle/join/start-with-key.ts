import { mkdir } from 'node:fs/promises';
import { childEnvironment, upstreamEnvironment } from '../tailscaled/child-environment.ts';
import { type JoinParts, type JoinSettings, stopGraceMs } from './join-parts.ts';
import { recordProcess } from '../folder/pidfile.ts';
import { checkSocketFolder } from '../folder/runtime-folder.ts';
import { startTailscaled, type Tailscaled } from '../tailscaled/tailscaled.ts';
import type { TailscaledPlan } from '../tailscaled/tailscaled-arguments.ts';

async function start(
  settings: JoinSettings,
  parts: JoinParts,
  plan: TailscaledPlan,
  signal: AbortSignal,
): Promise<Tailscaled> {
  if (settings.tailnet.socket !== undefined) await checkSocketFolder(settings.tailnet.socket);
  parts.begin('tailscaled');
  await mkdir(parts.folder.tailscaledHome, { recursive: true, mode: 0o700 });
  return await startTailscaled(
    {
      binary: settings.tailscaled,
      args: plan.args,
      socket: plan.socket,
      // What it keeps at HOME belongs to the run, and the user's may be unset or read-only.
      env: {
        ...childEnvironment(parts.env),
        HOME: parts.folder.tailscaledHome,
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
export async function startWithKey(
  settings: JoinSettings,
  parts: JoinParts,
  plan: TailscaledPlan,
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
  const tailscaled = await settle(start(settings, parts, plan, both));
  // From here on it is the key that is waited for.
  if (tailscaled !== undefined && !obtained && !both.aborted) parts.begin('credentials');
  const obtainedKey = await key;
  if (tailscaled !== undefined && !failure.signal.aborted) return { tailscaled, key: obtainedKey };
  await tailscaled?.stop(stopGraceMs);
  throw failure.signal.reason;
}
