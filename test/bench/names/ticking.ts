import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TailnetView } from '../../../src/dns/tailnet-view.ts';
import { TICK_EVERY_MS, type Tell } from './measured.ts';
import { stalls } from './stalls.ts';

const TICKS_FOR_MS = 20_000;
const WARM_UP_MS = 5_000;

/** What a tailnet costs whose peers change all the time. @param joinedMs the bar for a new node */
export async function ticking(row: Tell, peers: number, joinedMs: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'st-bench-'));
  const tailscaled = fork(new URL('busy-tailscaled.ts', import.meta.url), [folder, String(peers)]);
  await once(tailscaled, 'message');
  const view = new TailnetView({
    socketPath: join(folder, 'tailscaled.sock'),
    acceptDns: true,
    direct: () => false,
    log: { warn: (_fields, message) => console.error(message) },
  });
  view.start();
  await view.until(() => view.state().kind === 'running', AbortSignal.timeout(20_000));
  await sleep(WARM_UP_MS);
  const cpu = process.cpuUsage();
  const started = performance.now();
  await sleep(TICKS_FOR_MS);
  const { user, system } = process.cpuUsage(cpu);
  const share = (user + system) / 1000 / (performance.now() - started);
  const ticks = 60_000 / TICK_EVERY_MS;
  row(`${peers} peers, ${ticks} ticks a minute: share of a core`, share * 100, 5, '%');
  const { stallMs } = await stalls(() => sleep(TICKS_FOR_MS / 2));
  row(`${peers} peers, ticks: longest turn of the event loop`, stallMs, undefined, 'ms');
  const asked = performance.now();
  const seen = view.until(() => view.peerNamed('late') !== undefined, AbortSignal.timeout(20_000));
  tailscaled.send('join');
  await seen;
  row(
    `${peers} peers, ticks: a node that joins is seen after`,
    performance.now() - asked,
    joinedMs,
    'ms',
  );
  await view.close();
  tailscaled.kill();
  await once(tailscaled, 'exit');
  rmSync(folder, { recursive: true, force: true });
}
