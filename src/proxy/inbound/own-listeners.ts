/** Tells a request to one of our own listeners, by whatever address of this host. */
import { networkInterfaces } from 'node:os';
import { canonicalAddress } from '../../ip/addresses.ts';
import type { Owner } from '../../tailnet.ts';

const REFRESH_MS = 5000;

export interface OwnListeners {
  /** Ports are known only once bound. */
  setPorts(ports: readonly number[]): void;
  isLoop(ip: string, port: number, owner: Owner | undefined): boolean;
}

export function ownListeners(): OwnListeners {
  let ports: readonly number[] = [];
  let addresses = new Set<string>();
  let readAtMs = Number.NEGATIVE_INFINITY;
  const ownAddresses = (): Set<string> => {
    if (performance.now() - readAtMs > REFRESH_MS) {
      addresses = hostAddresses();
      readAtMs = performance.now();
    }
    return addresses;
  };
  return {
    setPorts: (bound) => {
      ports = bound;
    },
    isLoop: (ip, port, owner) =>
      ports.includes(port) && (isThisHost(ip) || owner?.kind === 'self' || ownAddresses().has(ip)),
  };
}

function hostAddresses(): Set<string> {
  const found = new Set<string>();
  for (const list of Object.values(networkInterfaces())) {
    for (const { address } of list ?? []) {
      const ip = canonicalAddress(address);
      if (ip !== undefined) found.add(ip);
    }
  }
  return found;
}

/** A connection to 0.0.0.0/8 or :: ends at loopback on Linux. */
function isThisHost(ip: string): boolean {
  return ip.startsWith('127.') || ip.startsWith('0.') || ip === '::' || ip === '::1';
}
