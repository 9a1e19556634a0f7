/**
 * The container's own resolver by c-ares: never dns.lookup, whose two threads a silent resolver holds for
 * 10 s each, uncancellable.
 */
import { NODATA, NOTFOUND, BADNAME, TIMEOUT, type RecordWithTtl } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { readFile, stat } from 'node:fs/promises';
import { messageOf } from '../../errors.ts';
import { canonicalAddress } from '../../ip/addresses.ts';
import { AnswerCache } from './answer-cache.ts';
import { bothFamilies, type LookupAnswer } from './lookup-answer.ts';
import { candidatesOf, parseResolvConf, type ResolvConf } from './resolv-conf.ts';

const MAX_TTL_MS = 60_000;
const NEGATIVE_TTL_MS = 1_000;
const CAPACITY = 4_096;
/** Of each family. */
const MAX_ADDRESSES = 64;
/** How often resolv.conf is looked at. */
const CHECK_EVERY_MS = 1_000;

interface Configured {
  readonly version: string;
  readonly conf: ResolvConf;
  readonly resolver: Resolver;
}

export interface SystemLookup {
  /** The name was written with a trailing dot. */
  readonly absolute: boolean;
  /** Names that must not be asked, e.g. one that a search domain puts under the tailnet's suffix. */
  readonly forbidden: (name: string) => boolean;
}

export class SystemResolver {
  readonly #path: string;
  readonly #cache = new AnswerCache<LookupAnswer>(CAPACITY);
  #configured: Configured | undefined;
  #checkedMs = -Infinity;

  /** `path`: resolv.conf. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Asks for `name` (normalised) with resolv.conf's search and ndots. Ends by itself. */
  async lookup(name: string, { absolute, forbidden }: SystemLookup): Promise<LookupAnswer> {
    const configured = await this.#current();
    let failed: LookupAnswer | undefined;
    let none: LookupAnswer = { kind: 'none', detail: `${name} does not exist`, ttlMs: 0 };
    for (const candidate of candidatesOf(name, absolute, configured.conf)) {
      if (forbidden(candidate)) continue;
      const answer = await this.#cache.get(candidate, () => ask(configured, candidate), ttlOf);
      if (answer.kind === 'addresses') return answer;
      if (answer.kind === 'failed') failed ??= answer;
      else if (candidate === name) none = answer;
    }
    return failed ?? none;
  }

  /** Ends what is being asked. */
  close(): void {
    this.#configured?.resolver.cancel();
  }

  async #current(): Promise<Configured> {
    const now = performance.now();
    if (this.#configured !== undefined && now - this.#checkedMs < CHECK_EVERY_MS)
      return this.#configured;
    this.#checkedMs = now;
    const version = await stat(this.#path).then(
      ({ mtimeMs, size, ino }) => `${mtimeMs}:${size}:${ino}`,
      () => 'absent',
    );
    if (this.#configured?.version !== version) {
      const text = version === 'absent' ? '' : await readFile(this.#path, 'utf8').catch(() => '');
      this.#configured = configure(version, parseResolvConf(text));
      this.#cache.clear();
    }
    return this.#configured;
  }
}

/** One channel for all: c-ares remembers which server is silent and asks the others first. */
function configure(version: string, conf: ResolvConf): Configured {
  const resolver = new Resolver({ timeout: conf.timeoutMs, tries: conf.attempts });
  resolver.setServers(conf.servers);
  return { version, conf, resolver };
}

function ttlOf(answer: LookupAnswer): number {
  if (answer.kind === 'addresses') return Math.min(answer.ttlMs, MAX_TTL_MS);
  return answer.kind === 'none' ? NEGATIVE_TTL_MS : 0;
}

function ask({ conf, resolver }: Configured, name: string): Promise<LookupAnswer> {
  const limitMs = conf.timeoutMs * conf.attempts;
  return bothFamilies(
    askPatiently(() => resolver.resolve4(name, { ttl: true }), name, limitMs),
    askPatiently(() => resolver.resolve6(name, { ttl: true }), name, limitMs),
  );
}

/**
 * c-ares gives a server some times its usual latency, at least 250 ms, whatever the options say (ares_metrics.c). A name
 * that the server has to ask others for takes longer, so it is asked again until resolv.conf's own limit.
 */
export async function askPatiently(
  query: () => Promise<RecordWithTtl[]>,
  name: string,
  limitMs: number,
): Promise<LookupAnswer> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    try {
      return answerOf(await query());
    } catch (error) {
      if (codeOf(error) !== TIMEOUT || performance.now() >= endMs) return failureOf(error, name);
    }
  }
}

function answerOf(records: RecordWithTtl[]): LookupAnswer {
  // An AAAA record may hold an IPv4-mapped address: it is judged by what it means.
  const addresses = records
    .slice(0, MAX_ADDRESSES)
    .map(({ address }) => canonicalAddress(address))
    .filter((address) => address !== undefined);
  const ttlMs = Math.min(...records.map((record) => record.ttl)) * 1000;
  return { kind: 'addresses', addresses: [...new Set(addresses)], ttlMs };
}

function failureOf(error: unknown, name: string): LookupAnswer {
  const code = codeOf(error);
  if (code === NOTFOUND || code === BADNAME)
    return { kind: 'none', detail: `${name} does not exist`, ttlMs: 0 };
  if (code === NODATA) return { kind: 'none', detail: `${name} has no address`, ttlMs: 0 };
  const reason = code === TIMEOUT ? 'did not answer' : `failed (${code || messageOf(error)})`;
  return { kind: 'failed', detail: `the system resolver ${reason}` };
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? '';
}
