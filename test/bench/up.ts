/** `spacetail up` against tailscaled and `tailscale up` started by hand with the same arguments, in turn. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import { run } from '../support/run.ts';
import { spacetailFor } from '../integration/spacetail.ts';
import type { Tailnet } from '../tailnet/tailnet.ts';
import { head, row, spreadOf } from './figures.ts';

/** What a careful person types: the daemon, a look for its socket, the login. Milliseconds. */
async function byHand({ facts }: Tailnet): Promise<number> {
  const folder = mkdtempSync(`${tmpdir()}/st-`);
  const socket = `${folder}/t.sock`;
  writeFileSync(`${folder}/key`, facts.authKey, { mode: 0o600 });
  const port = await freePort();
  const startMs = performance.now();
  const daemon = spawn(
    facts.tools.tailscaled,
    [
      '--tun=userspace-networking',
      '--state=mem:',
      `--socket=${socket}`,
      `--socks5-server=127.0.0.1:${port}`,
      '--no-logs-no-support',
    ],
    {
      stdio: 'ignore',
      env: { PATH: process.env['PATH'], HOME: folder, TS_DEBUG_USE_DERP_HTTP: '1' },
    },
  );
  while (!existsSync(socket)) await sleep(5);
  const up = await run(facts.tools.tailscale, [
    `--socket=${socket}`,
    'up',
    `--login-server=${facts.loginServer}`,
    `--auth-key=file:${folder}/key`,
    '--accept-dns=true',
    '--accept-routes=true',
    '--shields-up',
    '--hostname=by-hand',
    '--timeout=60s',
  ]);
  const tookMs = performance.now() - startMs;
  daemon.kill('SIGTERM');
  await once(daemon, 'exit');
  rmSync(folder, { recursive: true, force: true });
  if (up.code !== 0) throw new Error(`tailscale up: ${up.stderr}`);
  return tookMs;
}

async function byUs(
  tailnet: Tailnet,
  ...args: string[]
): Promise<{ upMs: number; downMs: number }> {
  const cleanups: (() => unknown)[] = [];
  const spacetail = await spacetailFor(
    { teardown: (action) => cleanups.push(action) },
    tailnet.facts,
  );
  const up = await spacetail.cli(['up', ...args]);
  if (up.code !== 0) throw new Error(`spacetail up: ${up.stderr}`);
  if (args.length > 0) await spacetail.cli(['wait']);
  const down = await spacetail.cli(['down']);
  for (const action of cleanups.toReversed()) await action();
  return { upMs: up.durationMs, downMs: down.durationMs };
}

export async function benchUp(tailnet: Tailnet, rounds: number): Promise<void> {
  const hand: number[] = [];
  const ups: number[] = [];
  const downs: number[] = [];
  const quick: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    hand.push(await byHand(tailnet));
    const { upMs, downMs } = await byUs(tailnet);
    ups.push(upMs);
    downs.push(downMs);
    quick.push((await byUs(tailnet, '--no-wait')).upMs);
  }
  const over = ups.map((ms, index) => ms - (hand[index] ?? Number.NaN));
  console.log(`\nup on the offline tailnet, ${rounds} rounds in turn`);
  console.log(head);
  console.log(row('tailscaled + tailscale up by hand', spreadOf(hand), 'ms'));
  console.log(row('spacetail up', spreadOf(ups), 'ms'));
  console.log(row('spacetail up over by hand, pair by pair', spreadOf(over), 'ms', 'at most 500'));
  console.log(row('spacetail up --no-wait', spreadOf(quick), 'ms', 'at most 300'));
  console.log(row('spacetail down', spreadOf(downs), 'ms', 'at most 1500'));
}
