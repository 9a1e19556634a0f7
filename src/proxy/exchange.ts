/**
 * One request from its target to its log line. The doors (connect, forward, socks-server) ask it to
 * decide and to dial, hand the bytes on themselves, and tell it how it ended; exactly one record follows.
 */
import type { Authority } from './authority.ts';
import { hostForLog } from './authority.ts';
import { unknownTailnet } from './before-netmap.ts';
import { clientGone } from './client-gone.ts';
import { decide } from './decide.ts';
import { decideByName } from './decide-by-name.ts';
import type { Decision, Findings, Plan } from './decide.ts';
import { dial } from './dial.ts';
import type { Dialled } from './dial/dial-context.ts';
import type { Failure } from './failure.ts';
import { errorTypeOf, failure, statusOf } from './failure.ts';
import type { ExchangeOptions } from './exchange-options.ts';
import { recordOf } from './record/record-of.ts';
import type { ExchangeRequest, Outcome, Progress } from './record/record-of.ts';
import type { ClientProcess, RequestRecord } from './request-record.ts';
import type { Resolution } from './tailnet.ts';
import { withDeadline } from './with-deadline.ts';

/** Called once, with the exchange that has ended. */
export type OnEnd = (exchange: Exchange, record: RequestRecord) => void;

/** How long the log line waits for the client's process; the table of processes may be long. */
const CLIENT_LOOKUP_MS = 2000;

export class Exchange {
  readonly id: string;
  readonly request: ExchangeRequest;
  readonly #options: ExchangeOptions;
  readonly #onEnd: OnEnd;
  readonly #progress: Progress;
  readonly #client: Promise<ClientProcess | null>;
  readonly #controller = new AbortController();
  #hasEnded = false;

  constructor(id: string, request: ExchangeRequest, options: ExchangeOptions, onEnd: OnEnd) {
    this.id = id;
    this.request = request;
    this.#options = options;
    this.#onEnd = onEnd;
    this.#progress = {
      startedMs: performance.now(),
      findings: undefined,
      ip: undefined,
      dnsMs: undefined,
      dialMs: undefined,
    };
    this.#client = options.clientOf(request.socket).catch(() => null);
    const { proto, method, authority } = request;
    const host = authority === undefined ? '' : hostForLog(authority.host);
    this.#trace('start', { proto, method, host, port: authority?.port ?? 0 });
  }

  /** Aborts when the client is gone (`abandon`) or the bridge stops (`cut`). */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isCut(): boolean {
    return this.signal.reason === 'drained';
  }

  /** The bridge stops: whatever is under way ends now. */
  cut(): void {
    this.#controller.abort('drained');
  }

  /** The client went away. */
  abandon(): void {
    this.#controller.abort('client gone');
  }

  /** Names, route, policy. Never throws. */
  async decide(): Promise<Decision> {
    const { authority } = this.request;
    const startedMs = performance.now();
    const decision = authority === undefined ? unreadable() : await this.#decide(authority);
    const findings = decision.kind === 'dial' ? decision.plan : decision.findings;
    this.#progress.findings = findings;
    const { via, ip, because } = findings;
    const ms = performance.now() - startedMs - (this.#progress.dnsMs ?? 0);
    this.#trace('decided', { via, ip, because, ms });
    return decision;
  }

  /** Never throws. */
  async dial(plan: Plan, options: { readonly isFixed: boolean }): Promise<Dialled> {
    const startedMs = performance.now();
    const dialled = await dial(plan, { ...options, signal: this.signal }, this.#options);
    this.#progress.dialMs = performance.now() - startedMs;
    if (dialled.kind === 'connected') this.#progress.ip = dialled.ip;
    if (dialled.kind === 'failed' && this.isCut) return { kind: 'failed', failure: stopping() };
    this.#trace('dialled', { kind: dialled.kind, ms: this.#progress.dialMs });
    return dialled;
  }

  /** Ends without having carried anything. */
  refuse(failed: Failure): void {
    this.end({
      status: statusOf(failed),
      failure: failed,
      bytesUp: 0,
      bytesDown: 0,
      closeReason: failed.kind === 'client_gone' ? 'client_closed' : errorTypeOf(failed),
    });
  }

  /** The record follows once the client's process is known; a second end is ignored. */
  end(outcome: Outcome): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    void this.#record(outcome, performance.now(), Date.now());
  }

  async #record(outcome: Outcome, endedMs: number, timeMs: number): Promise<void> {
    const { id, request } = this;
    const progress = this.#progress;
    const client = await this.#clientInTime();
    const { mode } = this.#options.policy;
    this.#onEnd(this, recordOf({ id, request, progress, outcome, client, mode, endedMs, timeMs }));
  }

  async #decide(authority: Authority): Promise<Decision> {
    const options = this.#options;
    const host = hostForLog(authority.host);
    const waited = await this.#waitForTailnet(host);
    if (waited !== undefined) return refusal(waited);
    const denied = decideByName(authority, options);
    if (denied !== undefined) return denied;
    const startedMs = performance.now();
    const resolution = await this.#resolve(authority.host);
    this.#progress.dnsMs = performance.now() - startedMs;
    this.#trace('resolved', { ...resolution, ms: this.#progress.dnsMs });
    if (this.signal.aborted) return refusal(this.isCut ? stopping() : clientGone());
    const client = options.policy.needsClient ? await this.#clientInTime() : null;
    return decide(authority, resolution, client, options);
  }

  /** What is the tailnet's is known from the first netmap on; only SPACETAIL_DIRECT goes before it. */
  async #waitForTailnet(host: string): Promise<Failure | undefined> {
    const { tailnet, isDirect, readyTimeoutMs } = this.#options;
    if (isDirect(host)) return undefined;
    if (tailnet.state().kind === 'starting') {
      try {
        await withDeadline(this.signal, readyTimeoutMs, (signal) => tailnet.ready(signal));
      } catch {
        if (this.signal.aborted) return this.isCut ? stopping() : clientGone();
      }
    }
    return unknownTailnet(host, tailnet);
  }

  async #resolve(host: string): Promise<Resolution> {
    const { resolve, resolveTimeoutMs } = this.#options;
    try {
      return await withDeadline(this.signal, resolveTimeoutMs, (signal) => resolve(host, signal));
    } catch {
      // Nothing is known of the name then, so it is treated as the tailnet's: it goes nowhere.
      const detail = `no answer within ${resolveTimeoutMs / 1000} s`;
      return { kind: 'no_answer', host, owned: true, detail };
    }
  }

  async #clientInTime(): Promise<ClientProcess | null> {
    const late = Promise.withResolvers<null>();
    const timer = setTimeout(late.resolve, CLIENT_LOOKUP_MS, null);
    const client = await Promise.race([this.#client, late.promise]);
    clearTimeout(timer);
    return client;
  }

  #trace(step: string, facts: Readonly<Record<string, unknown>>): void {
    this.#options.trace?.(this.id, step, facts);
  }
}

function stopping(): Failure {
  return failure('shutting_down', 'the bridge is being stopped', 'Run `spacetail up` again.');
}

function unreadable(): Decision {
  return refusal(failure('malformed', 'the request has no readable target', 'Send host:port.'));
}

function refusal(failed: Failure): Decision {
  return { kind: 'refuse', failure: failed, findings: NOTHING_FOUND };
}

const NOTHING_FOUND: Findings = {
  via: 'direct',
  ip: undefined,
  owner: undefined,
  peer: undefined,
  source: undefined,
  verdict: undefined,
  because: 'it was refused before',
  isRouted: false,
};
