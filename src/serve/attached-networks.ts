import { networkInterfaces } from 'node:os';
import { messageOf } from '../errors.ts';

const refreshMs = 5000;

/**
 * Prefixes of the container's own interfaces, loopback left out, e.g. `172.17.0.2/16`; read every 5 s at most. A
 * sandbox may refuse to tell them: then there are none.
 *
 * @param warn - told once
 */
export function createAttachedNetworks(
  warn: (sentence: string) => void,
  read: typeof networkInterfaces = networkInterfaces,
): () => readonly string[] {
  let networks: readonly string[] = [];
  let readAtMs = Number.NEGATIVE_INFINITY;
  let isTold = false;
  const readAgain = (): readonly string[] => {
    try {
      return Object.values(read())
        .flatMap((list) => list ?? [])
        .flatMap(({ internal, cidr }) => (internal || cidr === null ? [] : [cidr]));
    } catch (error) {
      if (!isTold)
        warn(
          `the container's own networks are not known (${messageOf(error)}): a subnet of the tailnet may hide one`,
        );
      isTold = true;
      return networks;
    }
  };
  return () => {
    if (performance.now() - readAtMs > refreshMs) {
      networks = readAgain();
      readAtMs = performance.now();
    }
    return networks;
  };
}
