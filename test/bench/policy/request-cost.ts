/** The CPU that a bridge spends on a request, with policy, log, metrics and report and without, in turn. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { manyRequests } from '../../support/many-requests.ts';
import { exactCpuUsOf } from '../usage.ts';
import { requestKinds, type RequestKind } from './request-kinds.ts';

export type Door = 'forward' | 'connect';

const requestsPerTurn = 1500;
const turns = 14;
const atOnce = 16;
/** Turns until the compiler has settled. */
const warmUps = 3;
/** Until what a turn has left to be written is on the disk. */
const settleMs = 120;

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
  const sums: Record<RequestKind, number> = { bare: 0, whole: 0, reporting: 0, looking: 0 };
  for (let turn = -warmUps; turn < turns; turn += 1) {
    // By turns the first: the kernel's tables are fuller for those that come later.
    for (const kind of turn % 2 === 0 ? requestKinds : requestKinds.toReversed()) {
      await tell(child, kind);
      const usedUs = await cpuOf(child, () => ask(door, port, originPort));
      if (turn >= 0) sums[kind] += usedUs;
    }
  }
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
  origin.closeAllConnections();
  origin.close();
  for (const kind of requestKinds) sums[kind] /= turns * requestsPerTurn;
  return sums;
}

async function tell(child: ChildProcess, kind: RequestKind): Promise<void> {
  const told = once(child, 'message');
  child.send(kind);
  await told;
}

async function cpuOf(child: ChildProcess, work: () => Promise<void>): Promise<number> {
  const pid = child.pid as number;
  const before = exactCpuUsOf(pid);
  await work();
  await sleep(settleMs);
  return exactCpuUsOf(pid) - before;
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
