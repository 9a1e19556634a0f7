/** From a readable target to a tunnel, the same way for CONNECT and SOCKS5: decide, dial, answer, carry. */
import type { DoorContext } from '../door.ts';
import type { Exchange } from '../exchange.ts';
import type { Failure } from '../failure.ts';
import { carry } from './carry.ts';

/** What the access log has for a tunnel that stood. */
const ANSWERED_OK = 200;

export interface TunnelRequest {
  readonly exchange: Exchange;
  /** Bytes of the client that came with its request. */
  readonly head: Buffer;
  /** Listens for the client's end until the tunnel does so itself. */
  readonly onClose: () => void;
  /** The protocol's own word for a tunnel that stands. */
  readonly established: string | Buffer;
  /** The protocol's own word for a refusal. */
  readonly refuse: (exchange: Exchange, failed: Failure) => void;
}

/** Ends with the tunnel. */
export async function openTunnel(request: TunnelRequest, context: DoorContext): Promise<void> {
  const { exchange, head, onClose, established, refuse } = request;
  const client = exchange.request.socket;
  const decision = await exchange.decide();
  if (decision.kind === 'refuse') {
    refuse(exchange, decision.failure);
    return;
  }
  const dialled = await exchange.dial(decision.plan, { isFixed: true });
  if (dialled.kind === 'failed') {
    refuse(exchange, dialled.failure);
    return;
  }
  client.off('close', onClose);
  if (!client.destroyed) client.write(established);
  const { plan } = decision;
  await carry({ exchange, plan, client, line: dialled.line, head, status: ANSWERED_OK }, context);
}
