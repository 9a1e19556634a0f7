/** When a request's client is looked up. */
import type { Socket } from 'node:net';
import type { ClientProcess } from '../core/request-record.ts';

/** Reading the kernel's tables may take some milliseconds, which nothing else gets. */
const WAY_MS = 2;

export interface AskedClient {
  /** `null` where it cannot be told. Never rejects. */
  readonly client: Promise<ClientProcess | null>;
  /** It gives way to nobody any more. */
  readonly now: () => void;
}

/** @param givesWay - to the client's first byte, which comes at once after a spare; else it has the time of a dial */
export function askClient(
  socket: Socket,
  clientOf: (socket: Socket) => Promise<ClientProcess | null>,
  givesWay: boolean,
): AskedClient {
  const ask = async (): Promise<ClientProcess | null> => {
    try {
      return await clientOf(socket);
    } catch {
      return null;
    }
  };
  if (!givesWay) return { client: ask(), now: isUnderWay };
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, WAY_MS);
  return {
    client: promise.then(ask),
    now() {
      clearTimeout(timer);
      resolve();
    },
  };
}

const isUnderWay = (): void => {};
