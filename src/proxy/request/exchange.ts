/**
 * One request from its target to its log line. The handlers (connect, forward, socks5) ask it to
 * decide and to dial, hand the bytes on themselves, and tell it how it ended; exactly one record follows.
 */
import type { Authority } from '../core/authority.ts';
import { hostForLog } from '../core/authority.ts';
import { unknownTailnet } from '../decide/before-netmap.ts';
import { clientGone } from '../core/failure.ts';
import { clientInTime } from '../client-process/client-process.ts';
import { decide, decideByName } from '../decide/decide.ts';
import type { Decision, Plan } from '../decide/decide.ts';
import { acquire } from '../dial/preconnect/acquire.ts';
import type { Dialled } from '../dial/dial-context.ts';
import type { Failure } from '../core/failure.ts';
import { errorTypeOf, statusOf } from '../core/failure.ts';
import type { ExchangeOptions } from './exchange-options.ts';
import { recordOf } from './record-of.ts';
import type { ExchangeRequest, Outcome, Progress } from './record-of.ts';
import type { ClientProcess, RequestRecord } from '../core/request-record.ts';
import type { Resolution, Tailnet } from '../../tailnet.ts';
import { mustWait, splitTailnet } from '../decide/tailnets.ts';
import { refusal, stopping, unreadable } from './refused-early.ts';
import { withDeadline } from '../../async.ts';

/** Called once, when the exchange has ended. */
export type OnEnd = (record: RequestRecord) => void;

export interface ExchangeDialOptions {
  readonly isFixed: boolean;
  /** Not one that was dialled ahead. */
  readonly isFresh?: boolean;
  /** For plain HTTP requests, which an HTTP upstream proxy takes without a tunnel. */
  readonly requests?: boolean;
}

export class Exchange {
  readonly id: string;
  readonly request: ExchangeRequest;
  readonly #options: ExchangeOptions;
  readonly #onEnd: OnEnd;
  readonly #progress: Progress;
  readonly #clientAsked: Promise<ClientProcess | null>;
  readonly #controller = new AbortController();
  #hasEnded = false;
  /** The client asked for this tailnet alone. */
  readonly #only: Tailnet | undefined;

  constructor(id: string, request: ExchangeRequest, options: ExchangeOptions, onEnd: OnEnd) {
    this.id = id;
    const asked = splitTailnet(request.authority, options.tailnet.members);
    this.#only = asked.only;
    this.request = asked.only === undefined ? request : { ...request, authority: asked.authority };
    this.#options = options;
    this.#onEnd = onEnd;
    this.#progress = {
      startedMs: performance.now(),
      findings: undefined,
      ip: undefined,
      dnsMs: undefined,
      dialMs: undefined,
      isPreconnected: false,
      tried: 0,
    };
    this.#clientAsked = options.clientOf(this.request.socket);
    const { proto, method, authority } = this.request;
    const host = authority === undefined ? '' : hostForLog(authority.host);
    this.#trace?.('start', { proto, method, host, port: authority?.port ?? 0 });
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
    this.#trace?.('decided', { via, ip, because, ms });
    return decision;
  }

  /** Never throws. */
  async dial(
    plan: Plan,
    { isFixed, isFresh = false, requests = false }: ExchangeDialOptions,
  ): Promise<Dialled> {
    const startedMs = performance.now();
    const options = { isFixed, isFresh, requests, signal: this.signal };
    const dialled = await acquire(plan, options, this.#options, this.#options.spares);
    const lease = dialled.kind === 'connected' ? dialled.lease : undefined;
    this.#progress.dialMs = lease?.wasReady === true ? 0 : performance.now() - startedMs;
    this.#progress.isPreconnected = lease !== undefined;
    this.#progress.tried = dialled.tried ?? 1;
    if (dialled.kind === 'connected') this.#progress.ip = dialled.ip;
    if (dialled.kind === 'failed' && this.isCut) return { kind: 'failed', failure: stopping() };
    this.#trace?.('dialled', { kind: dialled.kind, ms: this.#progress.dialMs });
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
    const endedMs = performance.now();
    const timeMs = Date.now();
    const record = (client: ClientProcess | null): void => {
      const { id, request } = this;
      const progress = this.#progress;
      const { mode } = this.#options.policy;
      const ended = { id, request, progress, outcome, client, mode, endedMs, timeMs };
      this.#onEnd(recordOf(ended));
    };
    void clientInTime(this.#clientAsked).then(record);
  }

  async #decide(authority: Authority): Promise<Decision> {
    const options = this.#options;
    const host = hostForLog(authority.host);
    if (!options.isDirect(host)) {
      // What is the tailnet's is known from the first netmap on; only SPACETAIL_DIRECT goes before it.
      const isJoining = mustWait(host, options.tailnet, this.#only);
      const gone = isJoining ? await this.#tailnetReady() : undefined;
      const waited = gone ?? unknownTailnet(host, options.tailnet, this.#only);
      if (waited !== undefined) return refusal(waited);
    }
    const denied = decideByName(authority, options, this.#only);
    if (denied !== undefined) return denied;
    const startedMs = performance.now();
    const known = options.resolver.known(authority.host, this.#only);
    const resolution = known ?? (await this.#resolve(authority.host));
    this.#progress.dnsMs = performance.now() - startedMs;
    // A tailnet is a value with a circle in it: the line has its name.
    const tailnet = resolution.kind === 'resolved' ? resolution.tailnet?.name : undefined;
    this.#trace?.('resolved', { ...resolution, tailnet, ms: this.#progress.dnsMs });
    if (this.signal.aborted) return refusal(this.isCut ? stopping() : clientGone());
    const client = options.policy.needsClient ? await clientInTime(this.#clientAsked) : null;
    return decide(authority, resolution, client, options, this.#only);
  }

  /** The reason to go no further; `undefined` once the tailnet is ready or has failed. */
  async #tailnetReady(): Promise<Failure | undefined> {
    const { tailnet, readyTimeoutMs } = this.#options;
    try {
      await withDeadline(this.signal, readyTimeoutMs, (signal) => tailnet.ready(signal));
    } catch {
      if (this.signal.aborted) return this.isCut ? stopping() : clientGone();
    }
    return undefined;
  }

  async #resolve(host: string): Promise<Resolution> {
    const { resolver, resolveTimeoutMs } = this.#options;
    try {
      return await withDeadline(this.signal, resolveTimeoutMs, (signal) =>
        resolver.resolve(host, signal, this.#only),
      );
    } catch {
      // Nothing is known of the name then, so it is treated as the tailnet's: it goes nowhere.
      const detail = `no answer within ${resolveTimeoutMs / 1000} s`;
      return { kind: 'no_answer', host, owned: true, detail };
    }
  }

  get #trace(): ((step: string, facts: Readonly<Record<string, unknown>>) => void) | undefined {
    const { trace } = this.#options;
    return trace === undefined ? undefined : (step, facts) => trace(this.id, step, facts);
  }
}
