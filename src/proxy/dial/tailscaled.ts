/** One dial by tailscaled: what it is asked, and what may come of it. */
import type { Connection } from './connection.ts';
import { openConnection } from './connection.ts';
import { socksConnect } from './socks5-client.ts';
import type { SocksAddress } from '../../tailnet.ts';

export type TailscaledAnswer =
  | { readonly kind: 'connected'; readonly connection: Connection }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** Nobody answered within tailscaled's own limit. */
  | { readonly kind: 'silent' }
  /** It failed at once, and tailscaled does not say why. */
  | { readonly kind: 'unexplained' }
  /** The address is not the tailnet's: tailscaled has dialled nothing. */
  | { readonly kind: 'not_tailnet' }
  /** tailscaled does not answer as it should. */
  | { readonly kind: 'down'; readonly detail: string }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'aborted' };

export interface TailscaledTarget {
  /** Canonical literal. */
  readonly ip: string;
  readonly port: number;
}

export interface AskOptions {
  readonly isFixed: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Never rejects. Unless it is `connected` nothing is left open. */
export type AskTailscaled = (
  target: TailscaledTarget,
  options: AskOptions,
) => Promise<TailscaledAnswer>;

/** tailscaled's SOCKS gives up after 5 s and says reply 1 for everything: before this it is a refusal or the like. */
const NO_ANSWER_AFTER_MS = 4000;

/** By tailscaled's SOCKS port. */
export function bySocks(proxy: SocksAddress): AskTailscaled {
  return async ({ ip, port }, { isFixed, timeoutMs, signal }) => {
    const startedMs = performance.now();
    const connection = openConnection({ address: proxy.host, port: proxy.port, isFixed });
    const result = await socksConnect(connection, { host: ip, port }, { timeoutMs, signal });
    if (result.kind === 'aborted' || result.kind === 'timeout') return result;
    if (result.kind === 'malformed') {
      return { kind: 'down', detail: `its SOCKS port speaks no SOCKS5: ${result.detail}` };
    }
    if (result.kind !== 'answer') {
      return { kind: 'down', detail: `its SOCKS port does not answer (${result.code})` };
    }
    const reply = result.answer;
    if (reply === 0) return { kind: 'connected', connection };
    if (reply === 5) return { kind: 'refused' };
    if (reply === 3 || reply === 4) return { kind: 'unreachable', detail: 'no route to it' };
    const isQuick = performance.now() - startedMs < NO_ANSWER_AFTER_MS;
    return { kind: isQuick ? 'unexplained' : 'silent' };
  };
}
