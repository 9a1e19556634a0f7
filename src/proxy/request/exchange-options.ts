/** What every exchange of a bridge is given. */
import type { Socket } from 'node:net';
import type { DecideContext } from '../decide/decide.ts';
import type { DialContext } from '../dial/dial-context.ts';
import type { PreconnectPool } from '../dial/preconnect/pool.ts';
import type { Failure } from '../core/failure.ts';
import type { ClientProcess, RequestRecord, Trace } from '../core/request-record.ts';
import type { Resolver } from '../../tailnet.ts';

export interface ExchangeOptions extends DecideContext, DialContext {
  readonly resolver: Resolver;
  readonly resolveTimeoutMs: number;
  readonly readyTimeoutMs: number;
  readonly clientOf: (socket: Socket) => Promise<ClientProcess | null>;
  readonly record: (record: RequestRecord) => void;
  readonly trace: Trace | undefined;
  /** The reason to close a connection that a peer of the tailnet made; asked before anything is read of it. */
  readonly guard: (socket: Socket) => Promise<Failure | undefined> | undefined;
  /** Connections dialled ahead (SPACETAIL_PRECONNECT). */
  readonly spares: PreconnectPool | undefined;
}
