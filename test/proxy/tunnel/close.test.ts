import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import t from 'tap';
import { reset } from '../../../src/proxy/tunnel/close.ts';
import { tcpOrigin } from '../../support/origins.ts';
import { waitFor } from '../../support/wait-for.ts';

const descriptors = (): number => readdirSync('/proc/self/fd').length;

void t.test(
  'a reset while the end is under way closes the descriptor, and the process can exit',
  async (t) => {
    const origin = await tcpOrigin(t, (socket) => socket.pause());
    const socket = connect({ host: '127.0.0.1', port: origin.port });
    socket.on('error', () => {});
    await once(socket, 'connect');
    await waitFor(() => origin.open.size === 1);
    const before = descriptors();
    // More than the kernel takes, so that the FIN has to wait behind it.
    socket.write(Buffer.alloc(16 * 1024 * 1024));
    socket.end();
    await new Promise((resolve) => setImmediate(resolve));
    t.equal(socket.writableEnded && !socket.writableFinished, true);
    reset(socket);
    await once(socket, 'close');
    t.ok(descriptors() < before);
  },
);

void t.test('a reset is a reset otherwise', async (t) => {
  const seen = Promise.withResolvers<string | undefined>();
  const origin = await tcpOrigin(t, (socket) => {
    socket.on('error', ({ code }: NodeJS.ErrnoException) => seen.resolve(code));
    socket.resume();
  });
  const socket = connect({ host: '127.0.0.1', port: origin.port });
  socket.on('error', () => {});
  await once(socket, 'connect');
  await waitFor(() => origin.open.size === 1);
  reset(socket);
  t.equal(await seen.promise, 'ECONNRESET');
});
