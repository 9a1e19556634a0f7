/** Out of the tailnet, whatever ends a run and whenever: no node of ours stays behind. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Tailscaled } from '../tailscaled/tailscaled.ts';
import { runCli, type TailscaleCli } from './tailscale-cli.ts';

/** How far the registration of a node has come, as tailscaled's log tells it. */
export interface Registration {
  onLine(line: string): void;
  /** Sent, and the node may exist at the control server although tailscaled has not stored its key yet. */
  isUnderWay(): boolean;
}

export function followRegistration(): Registration {
  let isUnderWay = false;
  return {
    onLine(line) {
      // control/controlclient/direct.go and auto.go
      if (line.includes('control: RegisterReq: onode=')) isUnderWay = true;
      if (line.includes('Received error: ') || line.endsWith('-> Running')) isUnderWay = false;
    },
    isUnderWay: () => isUnderWay,
  };
}

/** Between the control server's answer and the key that a logout needs. */
const storedMs = 2000;
const askAgainMs = 50;
/** tailscaled itself gives its own last logout 5 s. */
const logoutMs = 2500;

/**
 * A tailscaled whose `stop` logs its node out first: by itself it does that only for a state in memory, and not for a
 * node that has been registered and whose netmap has not come yet.
 */
export function leavingTailscaled(
  tailscaled: Tailscaled,
  cli: TailscaleCli,
  registration: Registration,
): Tailscaled {
  return {
    ...tailscaled,
    async stop(graceMs) {
      const startedMs = performance.now();
      const gone = new AbortController();
      void tailscaled.exited.then(() => gone.abort());
      await logOut(cli, registration, gone.signal);
      await tailscaled.stop(Math.max(1000, graceMs - (performance.now() - startedMs)));
    },
  };
}

async function logOut(
  cli: TailscaleCli,
  registration: Registration,
  gone: AbortSignal,
): Promise<void> {
  if (gone.aborted) return;
  try {
    const stored = AbortSignal.any([gone, AbortSignal.timeout(storedMs)]);
    while (registration.isUnderWay() && !(await hasNodeKey(cli, stored)))
      await sleep(askAgainMs, undefined, { signal: stored });
  } catch {
    // It answers no more, or the control server does not: a logout tells.
  }
  const signal = AbortSignal.any([gone, AbortSignal.timeout(logoutMs)]);
  await runCli(cli, ['logout'], signal, () => false).catch(() => {});
}

async function hasNodeKey(cli: TailscaleCli, signal: AbortSignal): Promise<boolean> {
  let has = false;
  await runCli(cli, ['status', '--json', '--peers=false'], signal, (line) => {
    has ||= line.includes('"HaveNodeKey": true');
    return has;
  });
  return has;
}
