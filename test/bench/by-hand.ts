/** tailscaled and `tailscale up` as a careful person types them, with tailscaled's own proxies. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import { run } from '../support/run.ts';
import type { TailnetFacts } from '../tailnet/facts.ts';
import type { Peer } from './peers/peer.ts';

export interface ByHand extends Peer {
  readonly http: string;
  readonly socks: string;
  /** From the first process to the end of `tailscale up`. */
  readonly tookMs: number;
}

/**
 * The same arguments as ours. @param by a command that runs both, such as the `enter` of a far side
 * @throws Error with what `tailscale up` said
 */
export async function startByHand(
  facts: TailnetFacts,
  by: readonly string[] = [],
): Promise<ByHand> {
  const folder = mkdtempSync(`${tmpdir()}/st-`);
  const socket = `${folder}/t.sock`;
  writeFileSync(`${folder}/key`, facts.authKey, { mode: 0o600 });
  const [socksPort, httpPort] = [await freePort(), await freePort()];
  const startMs = performance.now();
  const [file, ...args] = [
    ...by,
    facts.tools.tailscaled,
    '--tun=userspace-networking',
    '--state=mem:',
    `--socket=${socket}`,
    `--socks5-server=127.0.0.1:${socksPort}`,
    `--outbound-http-proxy-listen=127.0.0.1:${httpPort}`,
    '--no-logs-no-support',
  ];
  const daemon = spawn(file, args, {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], HOME: folder, TS_DEBUG_USE_DERP_HTTP: '1' },
  });
  while (!existsSync(socket)) await sleep(5);
  const [cli, ...words] = [...by, facts.tools.tailscale];
  const up = await run(cli, [
    ...words,
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
  const stop = async (): Promise<void> => {
    const exit = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    await exit;
    rmSync(folder, { recursive: true, force: true });
  };
  if (up.code !== 0) {
    await stop();
    throw new Error(`tailscale up: ${up.stderr}`);
  }
  return {
    name: 'tailscaled',
    http: `http://127.0.0.1:${httpPort}`,
    socks: `socks5://127.0.0.1:${socksPort}`,
    pids: [daemon.pid ?? -1],
    tookMs,
    stop,
  };
}
