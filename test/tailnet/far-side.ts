import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { buildGoProgram } from '../support/go-program.ts';
import { run } from '../support/run.ts';

/** The two ends of the way; of the range for benchmarks, RFC 2544. */
const NEAR = '198.18.0.1';
const FAR = '198.18.0.2';
const NEAR_MAC = '02:00:00:00:00:01';
const FAR_MAC = '02:00:00:00:00:02';

export interface Way {
  /** Each way: a round trip takes twice as long. */
  readonly delayMs?: number;
  /** Share of the frames that vanish each way; 1 cuts the wire. */
  readonly loss?: number;
}

/** A second network namespace, reached from this one by a wire that holds or loses what it carries. */
export interface FarSide {
  /** This namespace as it is seen from the far side; for `startTailnet({ address })`. */
  readonly nearAddress: string;
  readonly farAddress: string;
  /** Put it before a command and its arguments to run them over there. */
  readonly enter: readonly string[];
  /** From now on; what is on the way arrives as it was sent. */
  change(way: Way): Promise<void>;
  stop(): Promise<void>;
}

interface Helper {
  readonly child: ChildProcess;
  /** The next line it prints. */
  readonly line: () => Promise<string>;
}

/** A program that ends with its stdin, or with us. */
function startHelper(what: string, command: readonly string[]): Helper {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    line: async () => {
      const next = await lines.next();
      if (next.done === true) throw new Error(`${what} ended`);
      return next.value;
    },
  };
}

async function shell(script: string): Promise<void> {
  const done = await run('sh', ['-euc', `PATH=$PATH:/usr/sbin:/sbin\n${script}`]);
  if (done.code !== 0) throw new Error(`the far side: ${done.stderr.trim()}`);
}

/** Builds the relay into the cache folder and returns its path. */
export function buildRelay(): Promise<string> {
  return buildGoProgram('relay', `${import.meta.dirname}/relay`);
}

/**
 * Makes the far side: `near0` here, `far0` over there, and between them a relay that hands on each frame (netem
 * is missing in many kernels). Only inside the namespace of enter.ts, and once in it.
 *
 * @throws Error when the kernel refuses the interfaces or the raw sockets
 */
export async function startFarSide(way: Way = {}): Promise<FarSide> {
  const relayBinary = await buildRelay();
  const helpers: Helper[] = [];
  const helper = (what: string, command: readonly string[]): Helper => {
    const started = startHelper(what, command);
    helpers.push(started);
    return started;
  };
  const stop = async (): Promise<void> => {
    for (const { child } of helpers.splice(0).toReversed()) {
      const exit = once(child, 'exit');
      child.stdin?.end();
      if (child.exitCode === null && child.signalCode === null) await exit;
    }
    await shell(
      'for i in near0 far1; do ! ip link show $i >/dev/null 2>&1 || ip link delete $i; done',
    );
  };
  try {
    await shell(`
      ip link add near0 address ${NEAR_MAC} type veth peer name near1
      ip link add far0 address ${FAR_MAC} type veth peer name far1`);
    const holder = helper('the far namespace', [
      'unshare',
      '--net',
      'sh',
      '-c',
      'echo in; exec cat',
    ]);
    await holder.line();
    const relay = helper('the relay', [relayBinary, '-plain=near0,far0', 'near1', 'far1']);
    await relay.line();
    const { pid } = holder.child;
    const enter = ['nsenter', `--net=/proc/${pid}/ns/net`, '--'];
    const there = enter.join(' ');
    // The neighbours are written down: nobody has to ask for them over a wire that loses.
    await shell(`
      ip link set far0 netns ${pid}
      ip address add ${NEAR}/30 dev near0
      for i in near0 near1 far1; do ip link set $i up; done
      ip neighbour replace ${FAR} lladdr ${FAR_MAC} dev near0 nud permanent
      ${there} ip link set lo up
      ${there} ip address add ${FAR}/30 dev far0
      ${there} ip link set far0 up
      ${there} ip neighbour replace ${NEAR} lladdr ${NEAR_MAC} dev far0 nud permanent
      ${there} ip route add default via ${NEAR}`);
    const tell = async (command: string): Promise<void> => {
      relay.child.stdin?.write(`${command}\n`);
      const answer = await relay.line();
      if (answer !== 'ok') throw new Error(`relay: ${answer}`);
    };
    const change = async ({ delayMs, loss }: Way): Promise<void> => {
      if (delayMs !== undefined) await tell(`delay ${delayMs}ms`);
      if (loss !== undefined) await tell(`loss ${loss}`);
    };
    await change(way);
    return { nearAddress: NEAR, farAddress: FAR, enter, change, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
