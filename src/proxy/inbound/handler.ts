/** What the handlers of requests are given. */
import type { Exchanges } from '../request/exchanges.ts';
import type { ProxyToken } from './proxy-token.ts';

export interface HandlerContext {
  readonly exchanges: Exchanges;
  readonly token: ProxyToken;
  /** Whether tailscaled's SOCKS port closes both ways at one EOF (before September 2026). */
  readonly holdClientFin: () => boolean;
  readonly stallTimeoutMs: number;
  /** For an HTTP head or a SOCKS handshake, from its first byte. */
  readonly headTimeoutMs: number;
}
