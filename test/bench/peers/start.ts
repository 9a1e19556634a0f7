import { connect } from 'node:net';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../support/free-port.ts';
import { startDaemon, untilReady } from '../../tailnet/daemon.ts';
import type { Origin } from '../load.ts';
import { findProgram, type DebianPeer } from './debian.ts';
import { haproxyConfig, squidConfig, tinyproxyConfig } from './configs.ts';
import { hasNpmPeers, npmPeersFolder, type NPM_PEERS } from './npm.ts';
import type { Peer } from './peer.ts';

/** What a peer needs to be started. */
export interface Ground {
  /** For configurations and logs. */
  readonly folder: string;
  readonly origin: Origin;
  /** Where the origin is reached. */
  readonly host: string;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
  return true;
}

/** Processes of a program: the one that was started and its children. */
function family(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return [
    pid,
    ...children.filter((child) => child !== '').flatMap((child) => family(Number(child))),
  ];
}

interface Launch {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Answers when it is ready. */
  readonly port: number;
  readonly speaks: (port: number) => Pick<Peer, 'http' | 'socks' | 'relayed'>;
}

async function launch(ground: Ground, plan: Launch): Promise<Peer> {
  const { name, command, port, speaks } = plan;
  const [file = '', ...args] = command;
  const log = `${ground.folder}/${name}.log`;
  const daemon = startDaemon(file, args, { log, env: { ...plan.env } });
  try {
    await untilReady(daemon, name, () => accepts(port));
  } catch (error) {
    await daemon.stop();
    throw error;
  }
  return { name, ...speaks(port), pids: family(daemon.pid), stop: () => daemon.stop() };
}

const http = (port: number): { http: string } => ({ http: `http://127.0.0.1:${port}` });

const socks = (port: number): { socks: string } => ({ socks: `socks5://127.0.0.1:${port}` });

/** What differs between them; the first port is the one that answers when it is ready. */
function planOf(
  name: DebianPeer,
  ground: Ground,
  {
    ports: [port, second],
    folder,
    root,
  }: { ports: [number, number]; folder: string; root: string },
): { args: string[]; config: string; speaks: Launch['speaks'] } {
  const config = `${folder}/config`;
  switch (name) {
    case 'tinyproxy':
      return { args: ['-d', '-c', config], config: tinyproxyConfig(port, folder), speaks: http };
    case 'squid':
      return {
        // Its shared memory is the whole machine's, and needs a name that nobody else has.
        args: ['-N', '-n', `bench${process.hrtime.bigint()}`, '-f', config],
        config: squidConfig(port, folder, root),
        speaks: http,
      };
    case 'microsocks':
      return { args: ['-i', '127.0.0.1', '-p', String(port)], config: '', speaks: socks };
    case 'haproxy': {
      const relayed = { bulk: port, http: second };
      return {
        args: ['-f', config],
        config: haproxyConfig(relayed, ground),
        speaks: () => ({ relayed }),
      };
    }
    default:
      throw new Error(`no such peer: ${String(name)}`);
  }
}

/** @returns undefined where the program is not here */
export async function startDebianPeer(name: DebianPeer, ground: Ground): Promise<Peer | undefined> {
  const program = findProgram(name);
  if (program === undefined) return undefined;
  const { file, env, root } = program;
  const folder = `${ground.folder}/${name}`;
  mkdirSync(folder, { recursive: true });
  const ports: [number, number] = [await freePort(), await freePort()];
  const { args, config, speaks } = planOf(name, ground, { ports, folder, root });
  writeFileSync(`${folder}/config`, config);
  return await launch(ground, { name, command: [file, ...args], env, port: ports[0], speaks });
}

export type NodePeer = keyof typeof NPM_PEERS | 'pipe';

/** @returns undefined where its package is not here */
export async function startNodePeer(kind: NodePeer, ground: Ground): Promise<Peer | undefined> {
  if (kind !== 'pipe' && !hasNpmPeers()) return undefined;
  const port = await freePort();
  const program = fileURLToPath(new URL('node-peer.ts', import.meta.url));
  return launch(ground, {
    name: kind === 'pipe' ? 'node pipe' : kind,
    command: [process.execPath, program, kind, String(port), npmPeersFolder()],
    port,
    speaks: http,
  });
}
