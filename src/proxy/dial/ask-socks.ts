/** One request to tailscaled's SOCKS port. */
import type { GreetedLines } from './greeted-lines.ts';
import type { HandshakeResult } from './handshake.ts';
import { discard, openLine } from './line.ts';
import type { Line } from './line.ts';
import { socksConnect } from './socks-client.ts';
import type { SocksAnswer } from './socks-client.ts';
import type { SocksAddress } from '../../tailnet.ts';

interface Asking {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly greeted: GreetedLines;
}

/** By a connection that was greeted ahead where there is one, else by one of its own. Never throws. */
export async function askSocks(
  proxy: SocksAddress,
  target: { readonly ip: string; readonly port: number },
  isFixed: boolean,
  { timeoutMs, signal, greeted }: Asking,
): Promise<{ line: Line; result: HandshakeResult<SocksAnswer> }> {
  const deadline = performance.now() + timeoutMs;
  const ready = isFixed ? greeted.take(proxy) : undefined;
  if (ready !== undefined) {
    const asked = socksConnect(ready, target, { timeoutMs, signal, isGreeted: true });
    greeted.refill(proxy);
    const result = await asked;
    // Ended without a word: whether tailscaled has ended too, a connection of the dial's own tells.
    if (result.kind !== 'unconnected' && result.kind !== 'cut') return { line: ready, result };
    discard(ready);
  }
  const line = openLine({ addresses: [proxy.host], port: proxy.port, isFixed });
  const leftMs = deadline - performance.now();
  const result = await socksConnect(line, target, { timeoutMs: leftMs, signal });
  const isConnected = result.kind === 'answer' && result.answer.kind === 'connected';
  if (isFixed && isConnected) greeted.refill(proxy);
  return { line, result };
}
