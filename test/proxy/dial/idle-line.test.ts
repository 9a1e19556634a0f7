import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import t from 'tap';
import { IdleLine } from '../../../src/proxy/dial/idle-line.ts';
import type { IdleLineEnd } from '../../../src/proxy/dial/idle-line.ts';
import { openLine } from '../../../src/proxy/dial/line.ts';
import { takeReadBuffer } from '../../../src/proxy/dial/read-buffers.ts';
import type { HasTeardown } from '../../support/tmp-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

/** A connected line that is read into a fixed buffer, its other end, and the ends that were told. */
async function idle(t: HasTeardown, idleMs = 60_000) {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const { port } = server.address() as AddressInfo;
  const line = openLine({ addresses: ['127.0.0.1'], port, isFixed: true });
  const [far] = await accepted;
  far.on('error', () => undefined);
  t.teardown(() => {
    line.socket.destroy();
    far.destroy();
    server.close();
  });
  const ends: IdleLineEnd[] = [];
  const one = new IdleLine(line, { idleMs, onEnd: (why) => ends.push(why) });
  return { line, far, one, ends };
}

void t.test('it is handed on unread: what comes then is for who has it', async (t) => {
  const { line, far, one, ends } = await idle(t);
  one.watch();
  t.equal(one.release(), line);
  t.equal(one.release(), undefined, 'once');
  const read: string[] = [];
  line.readInto((chunk) => {
    read.push(String(chunk));
    return true;
  });
  far.end('hello');
  await once(line.socket, 'end');
  t.strictSame([read.join(''), ends], ['hello', []]);
  one.close();
  t.notOk(line.socket.destroyed, 'and is no longer its to close');
});

void t.test('how it ends is told once, and it is closed', async (t) => {
  const happenings: Record<IdleLineEnd, (far: Socket) => void> = {
    expired: () => undefined,
    origin_closed: (far) => far.end(),
    origin_spoke: (far) => far.end('220 ready\r\n'),
  };
  for (const [why, happen] of Object.entries(happenings)) {
    const { line, far, one, ends } = await idle(t, why === 'expired' ? 20 : 60_000);
    one.watch();
    happen(far);
    await waitFor(() => line.socket.closed, { what: why });
    t.strictSame(ends, [why]);
    t.equal(one.release(), undefined);
    one.close();
    t.equal(ends.length, 1);
  }
});

void t.test('one that was closed tells nobody', async (t) => {
  const { line, one, ends } = await idle(t);
  one.watch();
  one.close();
  await waitFor(() => line.socket.closed, { what: 'the end' });
  t.strictSame(ends, []);
});

void t.test(
  'bytes that came before it was watched end it at once, and its buffer goes back once',
  async (t) => {
    const { line, far, one, ends } = await idle(t);
    far.write('too early');
    // Read by nobody, they wait.
    await waitFor(() => line.socket.bytesRead > 0, { what: 'the bytes' });
    one.watch();
    t.strictSame(ends, ['origin_spoke']);
    await waitFor(() => line.socket.closed, { what: 'the end' });
    line.recycle();
    t.not(takeReadBuffer(), takeReadBuffer(), 'no two connections get the same buffer');
  },
);
