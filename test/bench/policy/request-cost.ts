/** The CPU that a bridge spends on a request, with policy, log, metrics and report and without, in turn. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { manyRequests } from '../../support/many-requests.ts';
import { trimmedMean } from '../figures.ts';
import { exactCpuUsOf } from '../usage.ts';
import { requestKinds, type RequestKind } from './request-kinds.ts';

type Door = 'forward' | 'connect';

const requestsPerTurn = 1000;
/** A turn may cost twice what the next one does, by what else the machine does: only many of them tell a tenth. */
const turns = 70;
/** The kinds without a bar are asked so much less often. */
const seldom = 7;
const atOnce = 16;
/** Turns until the compiler has settled. */
const warmUps = 3;
/** Until the lines of a turn are on the disk. */
const settleMs = 60;

/** Microseconds of a request, by kind. */
export type RequestCost = Readonly<Record<RequestKind, number>>;

/**
 * One process that is told what to do before each turn: two processes differ by a fifth by how they were compiled and where
 * their memory lies.
 */
export async function costOfRequests(door: Door): Promise<RequestCost> {
  const origin = createServer((_, response) => response.end('hello'));
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const { port: originPort } = origin.address() as AddressInfo;
  const child = fork(new URL('switched-bridge.ts', import.meta.url));
  const [port] = (await once(child, 'message')) as [number];
  const used: Record<RequestKind, number[]> = { bare: [], whole: [], reporting: [], looking: [] };
  for (let turn = -warmUps; turn < turns; turn += 1) {
    const kinds = turn % seldom === 0 ? requestKinds : requestKinds.slice(0, 2);
    // By turns the first: the kernel's tables are fuller for those that come later.
    for (const kind of turn % 2 === 0 ? kinds : kinds.toReversed()) {
      await tell(child, kind);
      const before = exactCpuUsOf(child.pid as number);
      await ask(door, port, originPort);
      await tell(child, kind);
      await sleep(settleMs);
      const usedUs = exactCpuUsOf(child.pid as number) - before;
      if (turn >= 0) used[kind].push(usedUs / requestsPerTurn);
    }
  }
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
  origin.closeAllConnections();
  origin.close();
  return {
    bare: trimmedMean(used.bare),
    whole: trimmedMean(used.whole),
    reporting: trimmedMean(used.reporting),
    looking: trimmedMean(used.looking),
  };
}

/** From now on; what it has recorded goes to the log at once. */
async function tell(child: ChildProcess, kind: RequestKind): Promise<void> {
  const told = once(child, 'message');
  child.send(kind);
  await told;
}

async function ask(door: Door, proxyPort: number, originPort: number): Promise<void> {
  const target = `127.0.0.1:${originPort}`;
  if (door === 'connect') return manyTunnels(proxyPort, target);
  const asked = { proxyPort, url: `http://${target}/`, concurrency: atOnce };
  const answers = await manyRequests({ ...asked, count: requestsPerTurn });
  if (answers[200] !== requestsPerTurn) throw new Error(JSON.stringify(answers));
}

/** A connection, a tunnel and one request each. */
async function manyTunnels(proxyPort: number, target: string): Promise<void> {
  let left = requestsPerTurn;
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
