/** What a dial is given and what comes of it. */
import type { Failure } from '../core/failure.ts';
import type { Connection } from './connection.ts';
import type { Resolver, Tailnet } from '../../tailnet.ts';

/** A preconnected connection in the hands of a request: whoever carries bytes on it says how it went. */
export interface Lease {
  readonly connection: Connection;
  /** The literal that answered. */
  readonly ip: string | undefined;
  /** It stood already; otherwise its dial was under way, and the request waited for the rest of it. */
  readonly wasReady: boolean;
  /** The client's first byte was written to it, or its connection ended. */
  used(): void;
  /** The origin ended it before that: it is closed. */
  died(): void;
  /** The origin's bytes came before the client's. */
  spokeFirst(): void;
}

export type Dialled =
  | {
      readonly kind: 'connected';
      readonly connection: Connection;
      /** The literal that answered. */
      readonly ip: string | undefined;
      /** It was dialled ahead. */
      readonly lease?: Lease;
      /**
       * It leads to an HTTP upstream proxy, which takes requests in absolute form, with this value of
       * Proxy-Authorization; only where the dial was for `requests`.
       */
      readonly absoluteForm?: { readonly authorization: string | undefined };
      /** How many addresses were tried, where there were several. */
      readonly tried?: number;
    }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly tried?: number };

/** The proxy that direct dials must use where the container's network allows nothing else. */
export interface UpstreamProxy {
  readonly scheme: 'http' | 'https' | 'socks5' | 'socks5h';
  /** Name or literal. */
  readonly host: string;
  readonly port: number;
  readonly login?: { readonly user: string; readonly password: string } | undefined;
  /** NO_PROXY as it stood before `up`: whether the target is dialled without the proxy. */
  readonly isBypassed?: ((host: string, ip: string | undefined) => boolean) | undefined;
}

export interface DialContext {
  readonly tailnet: Tailnet;
  readonly connectTimeoutMs: number;
  /** For the upstream proxy's own name. */
  readonly resolver: Resolver;
  readonly upstreamProxy: UpstreamProxy | undefined;
  /** What a connection to an address of the upstream proxy would be. */
  readonly hostRoute: (ip: string, port: number) => 'direct' | 'tailnet' | 'loop';
}

export interface DialOptions {
  /** Read into a fixed buffer (tunnels) or as a stream (HTTP on top). */
  readonly isFixed: boolean;
  readonly signal: AbortSignal;
  /** For plain HTTP requests: an HTTP upstream proxy is asked for no tunnel then. */
  readonly requests?: boolean;
  /** Nobody waits for it: one connection, no second attempt and no question why the first failed. */
  readonly isAhead?: boolean;
}

/** Of the dial of one address. */
export interface AttemptOptions extends DialOptions {
  readonly timeoutMs: number;
  /** Called where it has failed, and only why is still to be found out. */
  readonly onSetback?: () => void;
}
