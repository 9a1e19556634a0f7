import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import t from 'tap';
import { openConnection } from '../../../../src/proxy/dial/connection.ts';
import { Preconnected } from '../../../../src/proxy/dial/preconnect/preconnected.ts';
import type { Loss } from '../../../../src/proxy/dial/preconnect/preconnected.ts';
import { takeReadBuffer } from '../../../../src/proxy/dial/read-buffers.ts';
import { planFor } from '../../../support/plan.ts';
import type { HasTeardown } from '../../../support/tmp-folder.ts';
import { waitFor } from '../../../support/wait-for.ts';

/** One whose dial is over when the test says so, its other end, and the losses that were told. */
async function preconnected(t: HasTeardown, idleMs = 60_000) {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const { port } = server.address() as AddressInfo;
  const connection = openConnection({ address: '127.0.0.1', port, isFixed: true });
  const [far] = await accepted;
  far.on('error', () => undefined);
  t.teardown(() => {
    connection.socket.destroy();
    far.destroy();
    server.close();
  });
  const losses: Loss[] = [];
  const dial = Promise.withResolvers<void>();
  const one = new Preconnected({
    plan: planFor(),
    isFixed: true,
    idleMs,
    dial: async () => {
      await dial.promise;
      return { kind: 'connected', connection, ip: '127.0.0.1' };
    },
    onLost: (why) => losses.push(why),
  });
  const isDialled = async (): Promise<boolean> => {
    dial.resolve();
    return one.dialled;
  };
  return { connection, far, one, losses, isDialled };
}

void t.test('it is handed on unread: what comes then is for who has it', async (t) => {
  const { connection, far, one, losses, isDialled } = await preconnected(t);
  t.equal(one.release(), undefined, 'not before it stands');
  t.ok(await isDialled());
  t.equal(one.release(), connection);
  t.equal(one.release(), undefined, 'once');
  const read: string[] = [];
  connection.readInto((chunk) => {
    read.push(String(chunk));
    return true;
  });
  far.end('hello');
  await once(connection.socket, 'end');
  t.strictSame([read.join(''), losses], ['hello', []]);
  one.lose('drained');
  t.notOk(connection.socket.destroyed, 'and is no longer its to close');
});

void t.test('how it is lost is told once, and it is closed', async (t) => {
  const happenings: Partial<Record<Loss, (far: Socket) => void>> = {
    expired: () => undefined,
    origin_closed: (far) => far.end(),
    origin_spoke: (far) => far.end('220 ready\r\n'),
  };
  for (const [why, happen] of Object.entries(happenings)) {
    const { connection, far, one, losses, isDialled } = await preconnected(
      t,
      why === 'expired' ? 20 : 60_000,
    );
    await isDialled();
    happen(far);
    await waitFor(() => connection.socket.closed, { what: why });
    t.strictSame(losses, [why]);
    t.equal(one.release(), undefined);
    one.lose('drained');
    t.equal(losses.length, 1);
  }
});

void t.test(
  'lost before its dial has ended, the connection is closed when it stands',
  async (t) => {
    const { connection, one, losses, isDialled } = await preconnected(t);
    one.lose('netmap');
    t.notOk(await isDialled());
    await waitFor(() => connection.socket.closed, { what: 'the end' });
    t.strictSame(losses, ['netmap']);
  },
);

void t.test(
  'bytes that came before it was watched end it at once, and its buffer goes back once',
  async (t) => {
    const { connection, far, losses, isDialled } = await preconnected(t);
    far.write('too early');
    // Read by nobody, they wait.
    await waitFor(() => connection.socket.bytesRead > 0, { what: 'the bytes' });
    t.notOk(await isDialled());
    t.strictSame(losses, ['origin_spoke']);
    await waitFor(() => connection.socket.closed, { what: 'the end' });
    connection.recycle();
    t.not(takeReadBuffer(), takeReadBuffer(), 'no two connections get the same buffer');
  },
);
