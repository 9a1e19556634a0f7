/** Servers that clients talk to, started on this machine's loopback: on every node, that is. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { HasTeardown } from '../support/tmp-folder.ts';

/** @returns the port that the server got on 127.0.0.1 */
export async function listenLocally(t: HasTeardown, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    if ('closeAllConnections' in server)
      (server as { closeAllConnections(): void }).closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/**
 * A free port of 127.0.0.1 for a program that has to be told its port: none of those that the kernel gives to outgoing
 * connections (32768 and up), where one may take it before the program does.
 */
export async function portForService(): Promise<number> {
  for (;;) {
    const server = createServer().listen(randomInt(20_000, 32_000), '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }
}

export interface Service {
  readonly process: ChildProcess;
  /** What it has printed so far. */
  output(): string;
  /** Waits until it has printed what matches. @throws Error when it ends before */
  printed(wanted: RegExp): Promise<RegExpExecArray>;
}

/** Starts a program that is ended with the test, SIGKILL after 5 s; it dies with us whichever way we die. */
export function startService(
  t: HasTeardown,
  [file, ...args]: readonly [string, ...string[]],
  options: { env?: Record<string, string>; cwd?: string; signal?: NodeJS.Signals } = {},
): Service {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', file, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  const changed = new EventTarget();
  const tell = (): boolean => changed.dispatchEvent(new Event('change'));
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      tell();
    });
  let ended = false;
  child.once('error', (error) => (output += error.message));
  child.once('close', () => {
    ended = true;
    tell();
  });
  t.teardown(async () => {
    if (ended) return;
    const closed = once(child, 'close');
    child.stdin.destroy();
    child.kill(options.signal ?? 'SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    await closed;
    clearTimeout(timer);
  });
  return {
    process: child,
    output: () => output,
    async printed(wanted) {
      for (;;) {
        const found = wanted.exec(output);
        if (found !== null) return found;
        if (ended) throw new Error(`${file} ended at its start:\n${output.slice(-4000)}`);
        await once(changed, 'change');
      }
    },
  };
}
