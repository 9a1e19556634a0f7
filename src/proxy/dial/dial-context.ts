/** What a dial is given and what comes of it. */
import type { Failure } from '../core/failure.ts';
import type { GreetedLines } from './greeted-lines.ts';
import type { Handed } from './preconnect/handed.ts';
import type { Line } from './line.ts';
import type { Resolve, Tailnet } from '../../tailnet.ts';
import type { UpstreamProxy } from './upstream-proxy.ts';

export type Dialled =
  | {
      readonly kind: 'connected';
      readonly line: Line;
      /** The literal that answered. */ readonly ip: string | undefined;
      /** It was dialled ahead. */ readonly spare?: Handed;
    }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface DialContext {
  readonly tailnet: Tailnet;
  readonly connectTimeoutMs: number;
  /** For the upstream proxy's own name. */
  readonly resolve: Resolve;
  readonly upstreamProxy: UpstreamProxy | undefined;
  readonly greeted: GreetedLines;
}

export interface DialOptions {
  /** Read into a fixed buffer (tunnels) or as a stream (HTTP on top). */
  readonly isFixed: boolean;
  readonly signal: AbortSignal;
  /** Nobody waits for it: one connection, no second attempt and no question why the first failed. */
  readonly isAhead?: boolean;
}
