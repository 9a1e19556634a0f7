/** The faults that the soak brings about, one at a time. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Spacetail } from '../integration/spacetail.ts';
import type { Tailnet } from '../tailnet/tailnet.ts';
import type { FaultsOrigin } from './origin.ts';

export interface SoakWorld {
  readonly tailnet: Tailnet;
  readonly spacetail: Spacetail;
  readonly origin: FaultsOrigin;
}

export interface SoakFault {
  readonly name: string;
  /** Whether a transfer may fail while it lasts; it then has to be seen to fail. */
  readonly breaks: boolean;
  act(world: SoakWorld, round: number): Promise<void>;
}

async function connections(world: SoakWorld, count: number): Promise<Socket[]> {
  const ports = [world.spacetail.httpPort, world.spacetail.socksPort];
  return await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const socket = connect(ports[index % 2] ?? 0, '127.0.0.1').on('error', () => {});
      await once(socket, 'connect');
      return socket;
    }),
  );
}

async function tailscaledPid({ spacetail }: SoakWorld): Promise<number> {
  const { stdout } = await spacetail.cli(['status', '--json']);
  return (JSON.parse(stdout) as { tailscaled: { pid: number } }).tailscaled.pid;
}

async function stopFor(pid: number, ms: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  await sleep(ms);
  process.kill(pid, 'SIGCONT');
}

export const soakFaults: readonly SoakFault[] = [
  {
    name: 'tailscaled is killed',
    breaks: true,
    act: async (world) => void process.kill(await tailscaledPid(world), 'SIGKILL'),
  },
  {
    name: 'random bytes',
    breaks: false,
    async act(world) {
      for (const socket of await connections(world, 50)) socket.resume().end(randomBytes(500));
    },
  },
  {
    name: 'tailscaled is stopped for 3 s',
    breaks: false,
    act: async (world) => await stopFor(await tailscaledPid(world), 3000),
  },
  {
    name: '200 silent connections for 3 s',
    breaks: false,
    async act(world) {
      const sockets = await connections(world, 200);
      await sleep(3000);
      for (const socket of sockets) socket.destroy();
    },
  },
  {
    name: 'headscale is killed, and back after 3 s',
    breaks: false,
    async act({ tailnet }) {
      await tailnet.control.stop('SIGKILL');
      await sleep(3000);
      await tailnet.control.start();
    },
  },
  {
    name: 'clients reset amid downloads',
    breaks: false,
    async act(world) {
      const sockets = await connections(world, 20);
      for (const [index, socket] of sockets.entries()) {
        if (index % 2 === 1) continue;
        const url = `http://web:${world.origin.http}/bytes/9000000`;
        socket.write(`GET ${url} HTTP/1.1\r\nHost: web\r\n\r\n`);
        await once(socket, 'data');
      }
      for (const socket of sockets) socket.resetAndDestroy();
    },
  },
  {
    name: 'a node joins and leaves',
    breaks: false,
    async act({ tailnet }, round) {
      const node = await tailnet.joinNode(`soak-${round}`);
      await node.stop();
    },
  },
  {
    name: 'a peer is stopped for 3 s',
    breaks: false,
    act: async ({ tailnet }) => await stopFor(tailnet.nodes.web.pid, 3000),
  },
];
