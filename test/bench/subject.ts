/** What is measured: the built bundle, joined, with its log, policy and metrics on. */
import { spacetailFor } from '../integration/spacetail.ts';
import type { TailnetFacts } from '../tailnet/facts.ts';
import { manyRules } from './many-rules.ts';
import type { Peer } from './peers/peer.ts';

/** So many rules for SPACETAIL_ALLOW. `**` last: the bench itself is allowed. */
export function allowText(rules: number): string {
  return [...manyRules('', rules).map(({ text }) => text), '**'].join(' ');
}

/** More than most runs have. */
const policy = {
  SPACETAIL_ALLOW: allowText(20),
  SPACETAIL_DENY: manyRules('tailnet:', 20)
    .map(({ text }) => text)
    .join(' '),
};

export interface Subject extends Peer {
  readonly http: string;
  readonly socks: string;
  readonly bridgePid: number;
  readonly tailscaledPid: number;
  /** What `up` took, and printed. */
  readonly up: { readonly durationMs: number; readonly stderr: string };
  readonly downMs: () => number;
}

export interface SubjectOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs its commands, such as the `enter` of a far side. */
  readonly by?: readonly string[];
  /** The Node that runs it; ours by default. */
  readonly node?: string;
  /** For `up`, such as `--no-wait`. */
  readonly args?: readonly string[];
}

interface Status {
  readonly supervisor: { readonly pid: number };
  readonly tailscaled: { readonly pid: number };
}

/** @throws Error with what `up` said */
export async function startSubject(
  facts: TailnetFacts,
  { env = {}, by = [], node, args = [] }: SubjectOptions = {},
): Promise<Subject> {
  const cleanups: (() => unknown)[] = [];
  const test = { teardown: (action: () => unknown) => cleanups.push(action) };
  const spacetail = await spacetailFor(test, facts, { ...policy, ...env }, by, node);
  let downMs = Number.NaN;
  const stop = async (): Promise<void> => {
    downMs = (await spacetail.cli(['down'])).durationMs;
    for (const action of cleanups.toReversed()) await action();
  };
  const up = await spacetail.cli(['up', ...args]);
  if (up.code !== 0) {
    await stop();
    throw new Error(`spacetail up: ${up.stderr}`);
  }
  if (args.includes('--no-wait')) await spacetail.cli(['wait']);
  const status = JSON.parse((await spacetail.cli(['status', '--json'])).stdout) as Status;
  return {
    name: 'spacetail',
    http: spacetail.proxy,
    socks: `socks5://127.0.0.1:${spacetail.socksPort}`,
    bridgePid: status.supervisor.pid,
    tailscaledPid: status.tailscaled.pid,
    pids: [status.supervisor.pid],
    up,
    downMs: () => downMs,
    stop,
  };
}
