/** `spacetail serve` as a process of its own on the offline tailnet, with the limits and the clock that a fault wants. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Spacetail, spacetailFor } from '../integration/spacetail.ts';
import type { Teardown } from '../support/teardown.ts';
import { waitFor } from '../support/wait-for.ts';
import type { TailnetFacts } from '../tailnet/facts.ts';
import { startFaultsOrigin } from './origin.ts';
import { type Door, doors, transfer, type Transfer } from './transfer.ts';

const bundle = fileURLToPath(new URL('../../dist/spacetail.js', import.meta.url));

export interface Size {
  readonly files: number;
  readonly megabytes: number;
}

export interface BridgeOptions {
  readonly env?: Record<string, string>;
  /** Before node: `prlimit --nofile=256`, the `enter` of a far side. */
  readonly by?: readonly string[];
  readonly nodeArgs?: readonly string[];
}

export interface BridgeProcess extends Spacetail {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Of the tailscaled that runs now. */
  tailscaledPid(): Promise<number>;
  size(): Size;
  /** A transfer from `web`, by name. */
  carry(door: Door, more?: Partial<Transfer>): ReturnType<typeof transfer>;
  /**
   * What must hold after every fault: it is ready, a normal request answers within 1 s (the best of three, since
   * other tests share the machine), and no file and no memory stays behind.
   */
  isWell(before: Size): Promise<void>;
}

/** More may be connections that are kept on purpose: an origin's for 4 s, one to LocalAPI. */
const FILES_KEPT = 6;
/** V8 gives the heap of a rush back late; a second rush of the same size must find room in it. */
const MEGABYTES_KEPT = 200;

export async function startBridgeProcess(
  t: Teardown,
  facts: TailnetFacts,
  { env = {}, by = [], nodeArgs = [] }: BridgeOptions = {},
): Promise<BridgeProcess> {
  const spacetail = await spacetailFor(t, facts, env, by.includes('nsenter') ? by : []);
  const [file, ...args] = [...by, process.execPath, ...nodeArgs, bundle, 'serve'];
  const child = spawn(file, args, {
    env: spacetail.env,
    cwd: spacetail.folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  });
  const isReady = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`serve ended: ${said}`);
    return (await fetch(`${spacetail.proxy}/readyz`)).ok;
  };
  const origin = await startFaultsOrigin();
  t.teardown(() => origin.close());
  const port = origin.http;
  const carry: BridgeProcess['carry'] = (door, more = {}) =>
    transfer(spacetail, { door, direction: 'down', bytes: 1000, host: 'web', port, ...more });
  const pid = child.pid ?? 0;
  const size = (): Size => ({
    files: readdirSync(`/proc/${pid}/fd`).length,
    megabytes:
      Number(/VmRSS:\s+(?<kb>\d+)/u.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
  });
  const answers = async (deadlineMs: number): Promise<void> => {
    await waitFor(async () => (await carry('forward', { limitMs: 5000 })).kind === 'whole', {
      deadlineMs,
      what: `an answer (${said.slice(-500)})`,
    });
  };
  // The pid is the program's own: prlimit and nsenter exec it.
  await waitFor(isReady, { deadlineMs: 60_000, what: `readiness: ${said}` });
  for (const door of doors) await carry(door);
  await answers(30_000);
  return {
    ...spacetail,
    child,
    pid,
    async tailscaledPid() {
      const status = JSON.parse((await spacetail.cli(['status', '--json'])).stdout) as {
        tailscaled: { pid: number };
      };
      return status.tailscaled.pid;
    },
    size,
    carry,
    async isWell(before) {
      await waitFor(isReady, { deadlineMs: 60_000, what: 'readiness after the fault' });
      await answers(30_000);
      const tookMs: number[] = [];
      for (let attempt = 0; attempt < 3 && Math.min(...tookMs) > 1000; attempt += 1) {
        const outcome = await carry('forward');
        if (outcome.kind !== 'whole')
          throw new Error(`after the fault: ${JSON.stringify(outcome)}`);
        tookMs.push(outcome.ms);
      }
      if (Math.min(...tookMs) > 1000) throw new Error(`answers in ${tookMs.join(', ')} ms`);
      await waitFor(() => size().files <= before.files + FILES_KEPT, {
        deadlineMs: 30_000,
        intervalMs: 200,
        what: `${before.files} open files, now ${size().files}`,
      });
      const { megabytes } = size();
      if (megabytes > before.megabytes + MEGABYTES_KEPT)
        throw new Error(`${megabytes} MB, ${before.megabytes} MB before`);
    },
  };
}
