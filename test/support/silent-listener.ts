import { once } from 'node:events';
import { connect } from 'node:net';
import { spawn } from 'node:child_process';
import type { Teardown } from './teardown.ts';

/** Listens with the shortest backlog that node offers and never gets to accept: its only thread sleeps for ever. */
const sleeper = `
  const [host, port] = process.argv.slice(1);
  require('node:net').createServer().listen({ host, port: Number(port), backlog: 1 }, () => {
    require('node:fs').writeSync(1, 'listening');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });`;
/** Linux takes one connection more than the backlog (sk_acceptq_is_full); later SYNs are dropped, not refused. */
const QUEUED = 2;

/** Makes an address of loopback silent: a connection to it is neither accepted nor refused. */
export async function silentListener(t: Teardown, host: string, port: number): Promise<void> {
  const child = spawn(process.execPath, ['-e', sleeper, host, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  for (let queued = 0; queued < QUEUED; queued += 1) {
    const socket = connect({ host, port }).on('error', () => {});
    t.teardown(() => socket.destroy());
    await once(socket, 'connect');
  }
}
