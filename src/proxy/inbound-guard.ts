/**
 * In userspace mode a peer that dials this node reaches the container's loopback, so the bridge too:
 * tailscaled is then the client of our listener, and LocalAPI's whois names the peer behind it.
 */
import type { Socket } from 'node:net';
import { canonicalAddress } from './addresses.ts';
import type { Failure } from './failure.ts';
import { failure } from './failure.ts';
import type { Tailnet } from './tailnet.ts';
import { withDeadline } from './with-deadline.ts';

/** The failure to record before the connection is closed; `undefined` for a client of this container. */
export type InboundGuard = (socket: Socket) => Promise<Failure | undefined>;

const WHOIS_MS = 2000;
const NEVER = new AbortController().signal;

export function inboundGuard(isOn: boolean, tailnet: Tailnet): InboundGuard {
  if (!isOn) return async () => undefined;
  const asked = new WeakMap<Socket, Promise<Failure | undefined>>();
  return async (socket) => {
    const known = asked.get(socket);
    if (known !== undefined) return known;
    const answer = judge(socket, tailnet);
    asked.set(socket, answer);
    return answer;
  };
}

async function judge(socket: Socket, tailnet: Tailnet): Promise<Failure | undefined> {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  const host = canonicalAddress(remoteAddress) ?? remoteAddress;
  try {
    const peer = await withDeadline(NEVER, WHOIS_MS, (signal) =>
      tailnet.inboundPeer(host, remotePort, signal),
    );
    if (peer === undefined) return undefined;
    const detail = `${peer} dialled this node and reached the bridge`;
    return failure('peer_inbound', detail, 'Set --shields-up, or reach the service itself.');
  } catch {
    // Nobody can say who it is. tailscaled that does not answer forwards nobody either.
    return undefined;
  }
}
