/** The compiled load generator and its origin, as the rows of the bench use them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { buildGoProgram } from '../support/go-program.ts';
import type { Peer } from './peers/peer.ts';

/** Where the load generator is, built now if it is not yet. */
export function buildLoad(): Promise<string> {
  return buildGoProgram('bench-load', `${import.meta.dirname}/load`);
}

/** The origin's ports, all on one address. */
export interface Origin {
  readonly pid: number;
  readonly echo: number;
  readonly bulk: number;
  readonly flood: number;
  readonly http: number;
  readonly tls: number;
  stop(): Promise<void>;
}

export interface LoadOptions {
  /** `http://HOST:PORT` or `socks5://HOST:PORT`; empty: straight to the origin. */
  readonly proxy: string;
  /** HOST:PORT as the proxy is to reach it. */
  readonly target: string;
  /** At the same time; 1 by default. */
  readonly streams?: number;
  /** In all. */
  readonly count?: number;
  /** Of each stream of `bulk`. */
  readonly bytes?: number;
  /** `bulk`: from the client to the origin. */
  readonly up?: boolean;
  /** `hold`: the origin sends without end and the client reads nothing. */
  readonly noRead?: boolean;
}

/** One measurement; times are of successes only. */
export interface Measured {
  readonly count: number;
  /** How often each kind of error came. */
  readonly errors: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly bytes: number;
  readonly mbPerSecond: number;
  /** Of the load generator itself. */
  readonly cpuSeconds: number;
}

/** More than any measurement takes. */
const longestMs = 120_000;

export interface HeldTunnels {
  readonly opened: Measured;
  /** Echoes a byte on each of them, one after the other. */
  check(): Promise<Measured>;
  close(): Promise<void>;
}

function argumentsOf(mode: string, options: LoadOptions): string[] {
  const { proxy, target, streams = 1, count, bytes, up, noRead } = options;
  const args = [mode, `-proxy=${proxy}`, `-target=${target}`, `-streams=${streams}`];
  if (count !== undefined) args.push(`-count=${count}`);
  if (bytes !== undefined) args.push(`-bytes=${bytes}`);
  if (up === true) args.push('-up');
  if (noRead === true) args.push('-no-read');
  return args;
}

/** The program and its lines; it ends when its stdin does. */
function start(
  command: readonly string[],
  limitMs?: number,
): { child: ChildProcess; line: () => Promise<string> } {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  // One that hangs must not hang a bench that nobody watches.
  if (limitMs !== undefined) {
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.once('exit', () => clearTimeout(timer));
  }
  return {
    child,
    async line() {
      const next = await lines.next();
      if (next.done === true) throw new Error(`the load generator ended: ${command.join(' ')}`);
      return next.value;
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, 'exit');
  child.stdin?.end();
  await exit;
}

export interface Load {
  readonly binary: string;
  /** @param host the address it listens on; @param prefix a command to run it by (another namespace) */
  origin(host?: string, prefix?: readonly string[]): Promise<Origin>;
  measure(mode: 'setup' | 'tls' | 'bulk' | 'forward', options: LoadOptions): Promise<Measured>;
  hold(options: LoadOptions): Promise<HeldTunnels>;
  /** A CONNECT proxy that splices. */
  splice(): Promise<Peer>;
}

/** @param prefix a command that runs the clients, such as one that enters another namespace */
export function loadOf(binary: string, prefix: readonly string[] = []): Load {
  return {
    binary,
    async origin(host = '127.0.0.1', originPrefix = []) {
      const { child, line } = start([...originPrefix, binary, 'origin', `-host=${host}`]);
      const ports = JSON.parse(await line()) as Omit<Origin, 'pid' | 'stop'>;
      return { ...ports, pid: child.pid ?? -1, stop: () => end(child) };
    },
    async measure(mode, options) {
      const { child, line } = start([...prefix, binary, ...argumentsOf(mode, options)], longestMs);
      const measured = JSON.parse(await line()) as Measured;
      await end(child);
      return measured;
    },
    async hold(options) {
      const { child, line } = start([...prefix, binary, ...argumentsOf('hold', options)]);
      return {
        opened: JSON.parse(await line()) as Measured,
        async check() {
          child.stdin?.write('check\n');
          return JSON.parse(await line()) as Measured;
        },
        close: () => end(child),
      };
    },
    async splice() {
      const { child, line } = start([binary, 'proxy']);
      const { port } = JSON.parse(await line()) as { port: number };
      const stop = async (): Promise<void> => {
        const exit = once(child, 'exit');
        child.kill('SIGTERM');
        await exit;
      };
      const http = `http://127.0.0.1:${port}`;
      return { name: 'splice', http, pids: [child.pid ?? -1], stop };
    },
  };
}
