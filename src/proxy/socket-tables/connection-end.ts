/** A TCP connection as one of its two sockets has it. */
import type { Socket } from 'node:net';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A connection as the socket at one of its ends sees it, e.g. the client's. */
export interface ConnectionEnd {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/** Of what the kernel tells of a connection's end. */
export interface Row {
  /** Sent and not yet acknowledged. */
  readonly queuedBytes: number;
  /** `0` where no process has it (any more). */
  readonly inode: string;
}

/** What to look for. */
export interface Sought {
  readonly end: ConnectionEnd;
}

/** The other end of an accepted connection; `undefined` once it is closed. */
export function clientEndOf(socket: Socket): ConnectionEnd | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  if (localAddress === undefined || localPort === undefined) return undefined;
  return {
    local: { host: remoteAddress, port: remotePort },
    remote: { host: localAddress, port: localPort },
  };
}

/** The same connection as its other end sees it. */
export function otherEndOf({ local, remote }: ConnectionEnd): ConnectionEnd {
  return { local: remote, remote: local };
}
