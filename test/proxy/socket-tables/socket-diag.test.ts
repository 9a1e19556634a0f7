import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import koffi from 'koffi';
import t from 'tap';
import { clientEndOf, otherEndOf } from '../../../src/proxy/socket-tables/connection-end.ts';
import type { ConnectionEnd, Row } from '../../../src/proxy/socket-tables/connection-end.ts';
import { askFor, readAnswer } from '../../../src/proxy/socket-tables/diag-messages.ts';
import {
  NetlinkDiag,
  netlinkDescriptor,
  openSocketDiag,
  socketDiag,
} from '../../../src/proxy/socket-tables/socket-diag.ts';
import { SocketTables } from '../../../src/proxy/socket-tables/socket-table.ts';
import { TimeSlice } from '../../../src/proxy/socket-tables/time-slice.ts';
import type { Teardown } from '../../support/teardown.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

const questionBytes = 72;
const nobody = { local: { host: '127.0.0.1', port: 1 }, remote: { host: '127.0.0.1', port: 2 } };

/** A connection over `host` to a listener on `listenHost`, and its client's end. */
async function connection(t: Teardown, listenHost: string, host: string) {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, listenHost);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ host, port, allowHalfOpen: true });
  const [accepted] = (await once(server, 'connection')) as [Socket];
  t.teardown(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  const end = clientEndOf(accepted);
  if (end === undefined) throw new Error('closed at once');
  return { client, accepted, end, port };
}

/** What /proc says of the same end. */
async function inTables(end: ConnectionEnd): Promise<Row | 'none'> {
  let found: Row | 'none' = 'none';
  await new SocketTables('/proc/self').find([{ end }], new TimeSlice(), (_, row) => {
    found = row;
    return true;
  });
  return found;
}

t.before(async () => {
  t.strictSame(await openSocketDiag(), { isOpen: true });
});

void t.test('the kernel answers what its tables say, for each kind of address', async (t) => {
  for (const [listenHost, host] of [
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::', '127.0.0.1'],
    ['::', '::ffff:127.0.0.1'],
  ] as const) {
    const { end } = await connection(t, listenHost, host);
    const client = socketDiag.find(end);
    t.match(client, { inode: /^[1-9]\d*$/, queuedBytes: 0 }, `${listenHost} ${host}`);
    t.strictSame(client, await inTables(end));
    const ours = otherEndOf(end);
    t.strictSame(socketDiag.find(ours), await inTables(ours));
    t.notSame(socketDiag.find(ours), client);
  }
});

void t.test(
  'bytes that nobody reads are counted, and an end without a process is told',
  async (t) => {
    const { client, accepted, end } = await connection(t, '127.0.0.1', '127.0.0.1');
    // More than the receiver's buffer takes: its owner has not begun to read.
    client.write(Buffer.alloc(64 * 1024 * 1024));
    await waitFor(() => (socketDiag.find(end) as Row).queuedBytes > 0, { what: 'a queue' });
    client.resetAndDestroy();
    await waitFor(() => socketDiag.find(end) === 'none', { what: 'a reset' });
    accepted.destroy();

    const other = await connection(t, '127.0.0.1', '127.0.0.1');
    other.client.destroy();
    await waitFor(() => (socketDiag.find(other.end) as Row).inode === '0', { what: 'an orphan' });
    t.match(await inTables(other.end), { inode: '0' });
  },
);

void t.test('a listener is no connection', async (t) => {
  const { port } = await connection(t, '127.0.0.1', '127.0.0.1');
  const end = { local: { host: '127.0.0.1', port }, remote: { host: '127.0.0.1', port: 1 } };
  t.equal(socketDiag.find(end), 'none');
  t.equal(await inTables(end), 'none');
});

void t.test(
  'a client that is bound to a link is found, and elsewhere not taken for none',
  async (t) => {
    const setsockopt = koffi.load(null).func('int setsockopt(int, int, int, str, int)') as (
      ...args: readonly (number | string)[]
    ) => number;
    const { client, end } = await connection(t, '127.0.0.1', '127.0.0.1');
    const { fd } = (client as unknown as { _handle: { fd: number } })._handle;
    // SOL_SOCKET, SO_BINDTODEVICE
    t.equal(setsockopt(fd, 1, 25, 'lo', 2), 0);
    t.match(socketDiag.find(end), { inode: /^[1-9]/ });
    t.strictSame(socketDiag.find(end), await inTables(end));
    for (const host of ['fe80::1', '203.0.113.1', '2001:db8::1']) {
      const elsewhere = { local: { host, port: 1 }, remote: { host, port: 2 } };
      t.equal(socketDiag.find(elsewhere), undefined, `${host}: its link may be what is missing`);
    }
  },
);

void t.test('who asks looks into the tables only for what has no answer', async (t) => {
  const { end } = await connection(t, '127.0.0.1', '127.0.0.1');
  // No tables at all there.
  const asking = new SocketTables(join(tmpFolder(t), 'none'), {}, socketDiag);
  const found = await asking.findInodes([{ end }, { end: nobody }], new TimeSlice());
  t.equal(found.size, 1);
  t.equal(
    await asking.find([{ end: nobody }], new TimeSlice(), () => true),
    true,
    'it can be seen',
  );
  const silent = new SocketTables('/proc/self', {}, { find: () => undefined });
  t.strictSame(
    [...(await silent.findInodes([{ end }], new TimeSlice())).keys()],
    [...found.keys()],
  );
});

/** A file stands for the socket: what it answers lies behind where the question is written. */
function answering(t: Teardown, answer: Buffer) {
  const path = join(tmpFolder(t), 'socket');
  writeFileSync(path, Buffer.concat([Buffer.alloc(questionBytes), answer]));
  const diag = new NetlinkDiag(openSync(path, 'r+'));
  t.teardown(() => diag.close());
  return { diag, written: () => readFileSync(path) };
}

/** NLMSG_ERROR in the machine's byte order. */
function errorAnswer(sequence: number, errno: number): Buffer {
  return Buffer.from(new Uint32Array([36, 2, sequence, 0, -errno, 0, 0, 0, 0]).buffer);
}

const question = askFor(nobody, 1);

void t.test(
  'a kernel that knows no listener, since it lacks its module for TCP, is told',
  async (t) => {
    const { diag, written } = answering(t, errorAnswer(1, 2));
    t.equal(diag.knowsListener(nobody.local), false);
    t.ok(
      written()
        .subarray(0, questionBytes)
        .some((byte) => byte !== 0),
      'it was asked',
    );
    const { port } = await connection(t, '127.0.0.1', '127.0.0.1');
    const real = new NetlinkDiag(await netlinkDescriptor());
    t.teardown(() => real.close());
    t.equal(real.knowsListener({ host: '127.0.0.1', port }), true);
  },
);

void t.test(
  'after a refusal, an answer to something else or half of one it is not asked again',
  async (t) => {
    t.equal(readAnswer(errorAnswer(1, 2), question), 'none');
    for (const [name, answer] of Object.entries({
      'not permitted': errorAnswer(1, 1),
      'of another question': errorAnswer(2, 2),
      half: errorAnswer(1, 2).subarray(0, 18),
      nothing: Buffer.alloc(0),
    })) {
      t.equal(readAnswer(answer, question), undefined, name);
      const { diag, written } = answering(t, answer);
      t.equal(diag.find(nobody), undefined, name);
      t.equal(diag.find(nobody), undefined, name);
      t.strictSame(written(), Buffer.concat([question, answer]), 'one question');
    }
  },
);
