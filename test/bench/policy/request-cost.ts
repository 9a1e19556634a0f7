/** The CPU that a bridge spends on a request, with policy, log, metrics and report and without, in turn. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { manyRequests } from '../../support/many-requests.ts';

type Door = 'forward' | 'connect';

const requestsPerRound = 4000;
const atOnce = 16;
/** Rounds until the compiler has settled. */
const warmUps = 3;

export interface RequestCost {
  readonly bareUs: readonly number[];
  readonly wholeUs: readonly number[];
  /** Whole, and the client's process looked up: what a run has by default. */
  readonly lookingUs: readonly number[];
  /** Of policy, log, metrics and report in a whole request, in percent. */
  readonly shares: readonly number[];
}

const kinds = ['bare', 'whole', 'looking'] as const;
type Kind = (typeof kinds)[number];

/** All bridges run at the same time and are asked in turn. */
export async function costOfRequests(door: Door, rounds: number): Promise<RequestCost> {
  const origin = createServer((_, response) => response.end('hello'));
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const { port } = origin.address() as AddressInfo;
  const bridges = {
    bare: await start('bare'),
    whole: await start('whole'),
    looking: await start('looking'),
  };
  const all: Record<Kind, number>[] = [];
  for (let round = -warmUps; round < rounds; round += 1) {
    const used = { bare: 0, whole: 0, looking: 0 };
    // By turns the first: the kernel's tables are fuller for those that come later.
    for (const kind of round % 2 === 0 ? kinds : kinds.toReversed())
      used[kind] = await cpuPerRequest(bridges[kind], door, port);
    if (round >= 0) all.push(used);
  }
  for (const { child } of Object.values(bridges)) {
    const exit = once(child, 'exit');
    child.disconnect();
    await exit;
  }
  origin.closeAllConnections();
  origin.close();
  return {
    bareUs: all.map(({ bare }) => bare),
    wholeUs: all.map(({ whole }) => whole),
    lookingUs: all.map(({ looking }) => looking),
    shares: all.map(({ bare, whole }) => (1 - bare / whole) * 100),
  };
}

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
}

async function start(kind: Kind): Promise<Running> {
  const child = fork(new URL('bare-or-whole-bridge.ts', import.meta.url), [kind]);
  const [port] = (await once(child, 'message')) as [number];
  return { child, port };
}

async function cpuUs({ child }: Running): Promise<number> {
  child.send('cpu');
  const [used] = (await once(child, 'message')) as [number];
  return used;
}

async function cpuPerRequest(bridge: Running, door: Door, port: number): Promise<number> {
  const before = await cpuUs(bridge);
  const target = `127.0.0.1:${port}`;
  if (door === 'forward') {
    const asked = { proxyPort: bridge.port, url: `http://${target}/`, concurrency: atOnce };
    const answers = await manyRequests({ ...asked, count: requestsPerRound });
    if (answers[200] !== requestsPerRound) throw new Error(JSON.stringify(answers));
  } else await manyTunnels(bridge.port, target);
  return ((await cpuUs(bridge)) - before) / requestsPerRound;
}

/** A connection, a tunnel and one request each. */
async function manyTunnels(proxyPort: number, target: string): Promise<void> {
  let left = requestsPerRound;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const socket = connect(proxyPort, '127.0.0.1');
      socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
      await once(socket, 'data');
      socket.write(`GET / HTTP/1.1\r\nHost: ${target}\r\nConnection: close\r\n\r\n`);
      socket.resume();
      await once(socket, 'end');
      socket.destroy();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
