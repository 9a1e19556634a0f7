/** What the doors are given besides the hall. */
import type { Hall } from '../request/exchanges.ts';
import type { ProxyToken } from './proxy-token.ts';

export interface DoorContext {
  readonly hall: Hall;
  readonly token: ProxyToken;
  /** Whether tailscaled's SOCKS port closes both ways at one EOF (before September 2026). */
  readonly holdClientFin: () => boolean;
  readonly stallTimeoutMs: number;
}
