import '../tailnet/inside.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { spacetailFor } from '../integration/spacetail.ts';
import { startTailnet } from '../tailnet/tailnet.ts';
import { afterwards, normalRequest, weighBefore } from './afterwards.ts';
import { startFaultsOrigin } from './origin.ts';
import { doors, transfer } from './transfer.ts';

const RESTARTS = 3;
const AWAY_MS = 1000;
const ANSWER_WITHIN_MS = 1000;
const REQUEST_EVERY_MS = 100;

t.setTimeout(200_000);
const tailnet = await startTailnet();
t.teardown(() => tailnet.stop());
const origin = await startFaultsOrigin();
t.teardown(() => origin.close());
// Without UDP all goes by the relay, which here is a part of headscale.
const spacetail = await spacetailFor(t, tailnet.facts, { TS_DEBUG_ALWAYS_USE_DERP: '1' });
await spacetail.up();
const target = { host: 'web', port: origin.http };

/** How `web` is reached now: the address of a direct path, or none and the relay. */
async function wayToWeb(): Promise<{ direct: string; relay: string }> {
  const { stdout } = await spacetail.cli(['tailscale', 'status', '--json']);
  const status = JSON.parse(stdout) as {
    Peer: Record<string, { HostName: string; CurAddr: string; Relay: string }>;
  };
  const web = Object.values(status.Peer).find(({ HostName }) => HostName === 'web');
  return { direct: web?.CurAddr ?? 'no such node', relay: web?.Relay ?? '' };
}

/**
 * Requests one after the other, not waiting for the one before: whose SYN is lost with the relay waits a second or
 * three for tailscaled to send it again.
 *
 * @returns how long it took until one was answered
 */
async function untilAnswered(): Promise<number> {
  const startedMs = performance.now();
  const answered = new AbortController();
  const asked: Promise<void>[] = [];
  const ask = async (): Promise<void> => {
    if ((await normalRequest(spacetail, target)).kind === 'whole') answered.abort();
  };
  while (!answered.signal.aborted && performance.now() - startedMs < 20_000) {
    asked.push(ask());
    await sleep(REQUEST_EVERY_MS, undefined, { signal: answered.signal }).catch(() => {});
  }
  const tookMs = Math.round(performance.now() - startedMs);
  await Promise.all(asked);
  return tookMs;
}

void t.test(
  'the relay restarted while all goes by it: tunnels go on, new ones follow',
  async (t) => {
    const before = await weighBefore(spacetail, target);
    const slow = { ...target, direction: 'down', bytes: 6_400_000, everyMs: 120 } as const;
    const started = doors.map((door) => {
      const begun = Promise.withResolvers<void>();
      const outcome = transfer(spacetail, { ...slow, door, onBytes: () => begun.resolve() });
      return { outcome, begun: Promise.race([begun.promise, outcome]) };
    });
    await Promise.all(started.map(({ begun }) => begun));
    t.strictSame(await wayToWeb(), { direct: '', relay: 'test' });
    const tookMs: number[] = [];
    for (let restart = 0; restart < RESTARTS; restart += 1) {
      await tailnet.control.stop('SIGKILL');
      await sleep(AWAY_MS);
      await tailnet.control.start();
      tookMs.push(await untilAnswered());
    }
    // The best of them, since other tests share the machine.
    t.ok(Math.min(...tookMs) < ANSWER_WITHIN_MS, `answers again after ${tookMs.join(', ')} ms`);
    for (const { outcome } of started) t.match(await outcome, { kind: 'whole' });
    t.strictSame(await wayToWeb(), { direct: '', relay: 'test' });
    await afterwards(t, spacetail, target, before);
  },
);
