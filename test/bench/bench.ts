import type { Load, LoadOptions, Measured, Origin } from './load.ts';
import type { Peer } from './peers/peer.ts';
import type { Tailnet } from '../tailnet/tailnet.ts';

/** What the sections of the bench share. */
export interface Bench {
  readonly tailnet: Tailnet;
  readonly load: Load;
  readonly origin: Origin;
  readonly rounds: number;
  /** A count or size for this run: `make bench-quick` takes a part of it. */
  readonly scaled: (full: number) => number;
  /** A line for people who wait. */
  readonly say: (line: string) => void;
}

/** Where the origin is reached without the tailnet: a public address, so no exception of policy is needed. */
export const directHost = '203.0.113.90';
/** The node `web`; its ports lead to this machine's 127.0.0.1. */
export const tailnetHost = '100.64.0.2';

/**
 * Stops what was started, whatever happens.
 *
 * @param ours has to start
 * @param others may be missing, or refuse to start on this machine: then the rest goes on
 */
export async function withPeers<T>(
  { say }: Bench,
  ours: readonly (() => Promise<Peer>)[],
  others: readonly (() => Promise<Peer | undefined>)[],
  use: (peers: readonly Peer[]) => Promise<T>,
): Promise<T> {
  const peers: Peer[] = [];
  try {
    for (const start of ours) peers.push(await start());
    for (const start of others) {
      const peer = await start().catch((error: unknown) => say((error as Error).message));
      if (peer !== undefined) peers.push(peer);
    }
    return await use(peers);
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
  }
}

/** As `load.measure`. @throws Error where one of them failed: a figure of the rest would flatter */
export async function measureAll(
  load: Load,
  mode: 'setup' | 'tls' | 'bulk' | 'forward',
  options: LoadOptions,
): Promise<Measured> {
  const measured = await load.measure(mode, options);
  const errors = Object.entries(measured.errors);
  if (errors.length === 0) return measured;
  const counted = errors.map(([error, count]) => `${count} × ${error}`).join(', ');
  throw new Error(`${mode}: ${counted}, ${measured.count} went well`);
}
