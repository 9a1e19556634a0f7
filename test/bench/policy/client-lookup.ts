/** Runs in a process of its own among 500 others: how long it takes to find the process of a connection. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createClientLookup,
  noClientLookup,
} from '../../../src/proxy/client-process/client-process.ts';

/** What it sends home. */
export interface LookupFigures {
  readonly seenMs: readonly number[];
  readonly newMs: readonly number[];
  /** Turns of the event loop that took more than 0.5 ms. */
  readonly turnsMs: readonly number[];
  /** The same while the same programs connect and nobody looks: the machine's own. */
  readonly idleTurnsMs: readonly number[];
  readonly missed: number;
}

const processes = 500;
const newClients = 40;
const seenAgain = 5;
const warmUps = 20;
/** 20 new connections a second, as a busy run has: in a flood of them look-ups share a tenth of the time. */
const restMs = 50;
const longTurnMs = 0.5;

const waiting: ((socket: Socket) => void)[] = [];
const server = createServer((socket) => {
  socket.on('error', () => {});
  waiting.shift()?.(socket);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as AddressInfo;

/** Connects each time it is told to, and holds a few descriptors as programs do. */
const program = `exec 5</dev/null 6</dev/null 7</dev/null; while read -r _; do exec 9<>/dev/tcp/127.0.0.1/${port}; done`;

function start(): ChildProcess {
  return spawn('bash', ['-c', program], { stdio: ['pipe', 'ignore', 'ignore'] });
}

const lookup = createClientLookup();
let missed = 0;

/** Milliseconds from the accepted connection to its process. */
async function timed(child: ChildProcess, by = lookup): Promise<number> {
  await sleep(restMs);
  const accepted = new Promise<Socket>((resolve) => waiting.push(resolve));
  child.stdin?.write('\n');
  const socket = await accepted;
  const startMs = performance.now();
  const client = await by.clientOf(socket);
  const tookMs = performance.now() - startMs;
  if (by === lookup && client?.pid !== child.pid) missed += 1;
  // No TIME_WAIT: the kernel's table is to have the rows of 500 processes.
  socket.resetAndDestroy();
  return tookMs;
}

/** How long each turn of the event loop takes; the machine's other programs make some of them longer. */
function watchTurns(): () => number[] {
  const turns: number[] = [];
  let last = performance.now();
  const turn = (): void => {
    const now = performance.now();
    // All of them would be millions: to make room for these takes longer than any turn.
    if (now - last > longTurnMs) turns.push(now - last);
    last = now;
    immediate = setImmediate(turn);
  };
  let immediate = setImmediate(turn);
  return () => {
    clearImmediate(immediate);
    return turns;
  };
}

/** New clients, and each of them some more times. */
async function inTurn(
  clients: readonly ChildProcess[],
  by = lookup,
): Promise<Record<'newMs' | 'seenMs', number[]>> {
  const newMs: number[] = [];
  const seenMs: number[] = [];
  for (const child of clients) {
    newMs.push(await timed(child, by));
    for (let again = 0; again < seenAgain; again += 1) seenMs.push(await timed(child, by));
  }
  return { newMs, seenMs };
}

const children = Array.from({ length: processes }, start);
await sleep(3000);
// The code of a look-up is compiled by its first calls, and these, all new, spend what look-ups may take of the time.
for (const child of children.slice(0, warmUps)) await timed(child);
await sleep(2000);
// Spread over all that were started, in no order that a list of processes has.
const others = Array.from(
  { length: 3 * newClients },
  (_, at) => children[warmUps + ((at * 197) % (processes - warmUps))] as ChildProcess,
);
const { newMs, seenMs } = await inTurn(others.slice(0, newClients));
// By themselves: who watches each turn keeps a core busy, beside which the kernel reads its tables at half the pace.
const turns = watchTurns();
await inTurn(others.slice(newClients, 2 * newClients));
const turnsMs = turns();
const idleTurns = watchTurns();
await inTurn(others.slice(2 * newClients), noClientLookup);
const figures: LookupFigures = { seenMs, newMs, turnsMs, idleTurnsMs: idleTurns(), missed };
for (const child of children) child.kill('SIGKILL');
server.close();
process.send?.(figures, () => process.disconnect());
