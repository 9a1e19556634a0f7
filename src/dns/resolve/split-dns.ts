/** Names that the tailnet's DNS configuration routes: asked of tailscaled's own resolver (LocalAPI dns-query). */
import { messageOf } from '../../errors.ts';
import { AnswerCache } from './answer-cache.ts';
import { type DnsAnswer, readDnsAnswer } from '../local-api/dns-answer.ts';
import type { LocalApi } from '../local-api/local-api.ts';
import { bothFamilies, type LookupAnswer } from './lookup-answer.ts';

const QUERY_TIMEOUT_MS = 5_000;
const MAX_TTL_MS = 300_000;
/** "Negative answers cached briefly": a record that a run has just made must be seen. */
const MAX_NEGATIVE_TTL_MS = 2_000;
const CAPACITY = 4_096;
/** Minor version of tailscaled whose dns-query answers also where no operating system's DNS is configured. */
const AVAILABLE_SINCE = 96;

export class SplitDns {
  readonly #api: LocalApi;
  readonly #cache = new AnswerCache<LookupAnswer>(CAPACITY);
  readonly #onUnsupported: (detail: string | undefined) => void;
  #reachable: Promise<void> = Promise.resolve();

  /** `onUnsupported`: what tailscaled lacks; `undefined` when it has no resolver for a name it should route. */
  constructor(api: LocalApi, onUnsupported: (detail: string | undefined) => void) {
    this.#api = api;
    this.#onUnsupported = onUnsupported;
  }

  /** A and AAAA at once. Ends by itself after 5 s. `name` is normalised. */
  lookup(name: string): Promise<LookupAnswer> {
    return this.#cache.get(name, () => this.#ask(name), ttlOf);
  }

  /** The configuration has changed: what was answered before no longer holds. Questions wait for `reachable`. */
  forget(reachable: Promise<void> = Promise.resolve()): void {
    this.#cache.clear();
    this.#reachable = reachable;
  }

  async #ask(name: string): Promise<LookupAnswer> {
    await this.#reachable;
    const done = new AbortController();
    const signal = AbortSignal.any([done.signal, AbortSignal.timeout(QUERY_TIMEOUT_MS)]);
    try {
      return await bothFamilies(this.#query(name, 'A', signal), this.#query(name, 'AAAA', signal));
    } finally {
      done.abort();
    }
  }

  async #query(name: string, type: 'A' | 'AAAA', signal: AbortSignal): Promise<LookupAnswer> {
    try {
      const reply = await this.#api.dnsQuery(name, type, signal);
      if (reply.kind === 'answer') {
        if (reply.resolvers.length > 0)
          return answerOf(readDnsAnswer(reply.message, name, type), name);
        const local = answerOf(readDnsAnswer(reply.message, name, type), name);
        if (local.kind !== 'failed') return local;
        this.#onUnsupported(undefined);
        return { kind: 'unavailable', detail: 'tailscaled has no resolver for it' };
      }
      if (reply.kind === 'unsupported') this.#onUnsupported(reply.detail);
      return { kind: reply.kind === 'failed' ? 'failed' : 'unavailable', detail: reply.detail };
    } catch (error) {
      return {
        kind: 'failed',
        detail: signal.aborted ? `no answer within ${QUERY_TIMEOUT_MS / 1000} s` : messageOf(error),
      };
    }
  }
}

/**
 * What people should know of a tailscaled without split DNS; `undefined` where a newer one has no resolver, being
 * between two configurations. `detail`: what it lacks, if it has said so.
 */
export function unavailableNotice(version: string, detail: string | undefined): string | undefined {
  const minor = Number(/^1\.(\d+)/.exec(version)?.[1] ?? Infinity);
  if (detail === undefined && minor >= AVAILABLE_SINCE) return undefined;
  const reason =
    detail ?? `tailscaled ${version} cannot in userspace mode, 1.${AVAILABLE_SINCE} can`;
  return `split DNS is not available: ${reason}`;
}

function ttlOf(answer: LookupAnswer): number {
  if (answer.kind === 'none') return Math.min(answer.ttlMs, MAX_NEGATIVE_TTL_MS);
  return 'ttlMs' in answer ? Math.min(answer.ttlMs, MAX_TTL_MS) : 0;
}

function answerOf(answer: DnsAnswer, name: string): LookupAnswer {
  if (answer.kind === 'failed') return answer;
  const ttlMs = answer.ttlS * 1000;
  if (answer.kind === 'addresses') return { kind: 'addresses', addresses: answer.addresses, ttlMs };
  if (answer.kind === 'alias') return { kind: 'alias', target: answer.target, ttlMs };
  return {
    kind: 'none',
    detail: answer.nxdomain ? `${name} does not exist` : `${name} has no address`,
    ttlMs,
  };
}
