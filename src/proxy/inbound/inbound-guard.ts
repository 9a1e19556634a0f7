/**
 * In userspace mode a peer that dials this node reaches the container's loopback, so the bridge too:
 * tailscaled is then the client of our listener, and LocalAPI's whois names the peer behind it.
 */
import type { Socket } from 'node:net';
import { canonicalAddress } from '../../ip/addresses.ts';
import { clientInTime } from '../client-process/client-process.ts';
import { descendsFrom } from '../client-process/process-table.ts';
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { ClientProcess } from '../core/request-record.ts';
import type { Tailnet } from '../../tailnet.ts';
import { withDeadline } from '../../async.ts';

/**
 * The failure to record before the connection is closed; `undefined` for a client of this container, at once
 * where there is nothing to guard.
 */
export type InboundGuard = (socket: Socket) => Promise<Failure | undefined> | undefined;

type Guarded = Pick<Tailnet, 'inboundPeer' | 'state'> & Partial<Pick<Tailnet, 'members'>>;

export interface InboundGuardOptions {
  /** Shields are down. */
  readonly isOn: boolean;
  readonly tailnet: Guarded;
  readonly clientOf: (socket: Socket) => Promise<ClientProcess | null>;
}

const WHOIS_MS = 2000;
const NEVER = new AbortController().signal;
const HINT = 'Set --shields-up, or reach the service itself.';

export function inboundGuard(options: InboundGuardOptions): InboundGuard {
  if (!options.isOn) return () => undefined;
  const asked = new WeakMap<Socket, Promise<Failure | undefined>>();
  return (socket) => {
    const known = asked.get(socket);
    if (known !== undefined) return known;
    const answer = judge(socket, options);
    asked.set(socket, answer);
    return answer;
  };
}

/** Of several any may have forwarded the connection. */
function isAnyRunning({ members = [], state }: Guarded): boolean {
  return state().kind === 'running' || members.some((one) => one.state().kind === 'running');
}

async function judge(
  socket: Socket,
  { tailnet, clientOf }: InboundGuardOptions,
): Promise<Failure | undefined> {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  const host = canonicalAddress(remoteAddress) ?? remoteAddress;
  try {
    const peer = await withDeadline(NEVER, WHOIS_MS, (signal) =>
      tailnet.inboundPeer(host, remotePort, signal),
    );
    if (peer === undefined) return undefined;
    return failure('peer_inbound', `${peer} dialled this node and reached the bridge`, HINT);
  } catch {
    // One that is not there forwards nobody, and public traffic goes on without it.
    if (!isAnyRunning(tailnet)) return undefined;
  }
  // A program of the container is seen by its process; who is not seen may be tailscaled, our child.
  const client = await clientInTime(clientOf(socket));
  if (client !== null && !descendsFrom(client.pid, process.pid)) return undefined;
  const detail = 'tailscaled does not say whether a peer is behind this connection';
  return failure('peer_inbound', detail, HINT);
}
