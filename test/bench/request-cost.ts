/** The CPU that a bridge spends on a request, with policy, log, metrics and report and without, in turn. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { manyRequests } from '../support/many-requests.ts';

type Door = 'forward' | 'connect';

const requestsPerRound = 4000;
const atOnce = 16;
/** Rounds until the compiler has settled. */
const warmUps = 3;

export interface RequestCost {
  readonly bareUs: readonly number[];
  readonly wholeUs: readonly number[];
  /** Percent of a whole request. */
  readonly shares: readonly number[];
}

/** Both bridges run at the same time and are asked in turn. */
export async function costOfRequests(door: Door, rounds: number): Promise<RequestCost> {
  const origin = createServer((_, response) => response.end('hello'));
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const { port } = origin.address() as AddressInfo;
  const [bare, whole] = [await startBridge('bare'), await startBridge('whole')];
  const cost = { bareUs: [] as number[], wholeUs: [] as number[], shares: [] as number[] };
  for (let round = -warmUps; round < rounds; round += 1) {
    // By turns the first: the kernel's tables are fuller for the second.
    const first = round % 2 === 0 ? bare : whole;
    const firstUs = await cpuPerRequest(first, door, port);
    const secondUs = await cpuPerRequest(first === bare ? whole : bare, door, port);
    const [bareUs, wholeUs] = first === bare ? [firstUs, secondUs] : [secondUs, firstUs];
    if (round < 0) continue;
    cost.bareUs.push(bareUs);
    cost.wholeUs.push(wholeUs);
    cost.shares.push((1 - bareUs / wholeUs) * 100);
  }
  for (const { child } of [bare, whole]) {
    child.disconnect();
    await once(child, 'exit');
  }
  origin.closeAllConnections();
  origin.close();
  return cost;
}

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
}

async function startBridge(kind: 'bare' | 'whole'): Promise<Running> {
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
