/** Origins that treat a connection as nobody would wish, and count what reaches them: for dial ahead under attack. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

interface Test {
  teardown(action: () => unknown): unknown;
}

export interface SpareOrigin {
  readonly kind: Kind;
  readonly port: number;
  /** `performance.now()` of each connection accepted. */
  readonly acceptedAtMs: readonly number[];
  readonly open: ReadonlySet<Socket>;
  /** A client of the test was refused: one that refuses listens again. */
  clientRefused(): Promise<void>;
}

/** What it does with a connection; `stopListening` refuses those to come. */
type Handle = (socket: Socket, at: number, stopListening: () => void, open: Set<Socket>) => void;

/** When a dial has certainly succeeded: what ends amid it is a failed dial to the bridge, and a connection to the origin. */
const SOON_MS = 200;

const HTTP_ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nping';

const echo = (socket: Socket): void => {
  socket.on('data', (chunk) => socket.write(chunk)).on('end', () => socket.end());
};

export const temperaments = {
  /** As origins should be. */
  well: echo,
  /** Asked by forwarded requests and by tunnels in turn, whose spares are of two forms. */
  http: (socket) => {
    socket.on('end', () => socket.end());
    socket.once('data', () => socket.end(HTTP_ANSWER));
  },
  closes: (socket) => {
    socket.resume();
    setTimeout(() => socket.end(), SOON_MS);
  },
  closesAtOnce: (socket) => {
    socket.resume().end();
  },
  resets: (socket) => {
    setTimeout(() => socket.resetAndDestroy(), SOON_MS);
  },
  resetsAtOnce: (socket) => {
    socket.resetAndDestroy();
  },
  speaks: (socket) => {
    socket.write('SSH-2.0-test\r\n');
    echo(socket);
  },
  /** Reads, and never answers or ends. */
  silent: (socket) => {
    socket.resume();
  },
  /** Ends what says nothing for 300 ms. */
  impatient: (socket) => {
    echo(socket);
    socket.setTimeout(300, () => socket.end());
  },
  /** Every second dial is refused: it listens again when a client was told so. */
  refuses: (socket, _, stopListening) => {
    echo(socket);
    stopListening();
  },
  /** Dies with all it has at every fifth connection, and comes back. */
  dying: (socket, at, stopListening, open) => {
    echo(socket);
    if (at % 5 !== 4) return;
    stopListening();
    setTimeout(() => {
      for (const one of open) one.resetAndDestroy();
    }, SOON_MS);
  },
} satisfies Record<string, Handle>;

export type Kind = keyof typeof temperaments;

export async function spareOrigin(t: Test, kind: Kind): Promise<SpareOrigin> {
  const handle: Handle = temperaments[kind];
  const acceptedAtMs: number[] = [];
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
    acceptedAtMs.push(performance.now());
    handle(socket, acceptedAtMs.length - 1, () => server.close(), open);
    // A silent one too ends with its client.
    if (kind === 'silent') socket.on('end', () => socket.destroy());
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  t.teardown(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return {
    kind,
    port,
    acceptedAtMs,
    open,
    async clientRefused() {
      if (!server.listening) await listen(port);
    },
  };
}
