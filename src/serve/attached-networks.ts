import { networkInterfaces } from 'node:os';

const refreshMs = 5000;

/** Prefixes of the container's own interfaces, loopback left out, e.g. `172.17.0.2/16`; read every 5 s at most. */
export function createAttachedNetworks(): () => readonly string[] {
  let networks: readonly string[] = [];
  let readAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - readAtMs > refreshMs) {
      networks = Object.values(networkInterfaces())
        .flatMap((list) => list ?? [])
        .flatMap(({ internal, cidr }) => (internal || cidr === null ? [] : [cidr]));
      readAtMs = performance.now();
    }
    return networks;
  };
}
