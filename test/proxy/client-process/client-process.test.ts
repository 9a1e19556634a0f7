import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import {
  ClientFinder,
  createClientLookup,
} from '../../../src/proxy/client-process/client-process.ts';
import { listProcesses, scanProcesses } from '../../../src/proxy/client-process/process-table.ts';
import {
  readSocketTable,
  SharedSocketTable,
  SocketTable,
} from '../../../src/proxy/client-process/socket-table.ts';
import { fakeProc, fakeTable, type FakeRow, tableText } from '../../support/fake-proc.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';
import type { HasTeardown } from '../../support/tmp-folder.ts';
import { waitFor } from '../../support/wait-for.ts';

/** A listener, and what it accepts. */
async function listen(t: HasTeardown, host: string) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
  server.listen(0, host);
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const accept = async (): Promise<Socket> => ((await once(server, 'connection')) as [Socket])[0];
  return { accept, port: (server.address() as AddressInfo).port };
}

/** A program that connects and stays. */
function startClient(t: HasTeardown, host: string, port: number, program = process.execPath) {
  const code = `require('net').connect(${port}, ${JSON.stringify(host)}).resume()`;
  const child = spawn(program, ['-e', code], { stdio: 'ignore', env: {} });
  t.teardown(() => child.kill('SIGKILL'));
  return child;
}

void t.test('the process at the other end is found', async (t) => {
  const { accept, port } = await listen(t, '127.0.0.1');
  const accepted = accept();
  const child = startClient(t, '127.0.0.1', port);
  const found = await createClientLookup().clientOf(await accepted);
  t.match(found, { pid: child.pid, exe: /node/, provider: null });
});

void t.test('a dual-stack client, whose IPv4 connection is in the IPv6 table', async (t) => {
  const { accept, port } = await listen(t, '127.0.0.1');
  const accepted = accept();
  const child = startClient(t, '::ffff:127.0.0.1', port);
  t.match(await createClientLookup().clientOf(await accepted), { pid: child.pid });
});

void t.test('a client over IPv6, and one of a listener for both families', async (t) => {
  const { accept, port } = await listen(t, '::');
  for (const host of ['::1', '127.0.0.1']) {
    const accepted = accept();
    const child = startClient(t, host, port);
    t.match(await createClientLookup().clientOf(await accepted), { pid: child.pid }, host);
  }
});

void t.test('a Terraform provider is named by its program', async (t) => {
  const program = join(tmpFolder(t), 'terraform-provider-nomad_v2.4.0_x5');
  copyFileSync(process.execPath, program);
  const { accept, port } = await listen(t, '127.0.0.1');
  const accepted = accept();
  const child = startClient(t, '127.0.0.1', port, program);
  t.strictSame(await createClientLookup().clientOf(await accepted), {
    pid: child.pid,
    exe: program,
    provider: 'terraform-provider-nomad_v2.4.0_x5',
  });
});

void t.test('a client that has gone in between is nobody', async (t) => {
  const { accept, port } = await listen(t, '127.0.0.1');
  const accepted = accept();
  const client = connect(port, '127.0.0.1');
  const socket = await accepted;
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  client.resetAndDestroy();
  await closed;
  const side = { remoteAddress, remotePort, localAddress, localPort } as unknown as Socket;
  t.equal(await createClientLookup().clientOf(side), null);
  t.equal(await createClientLookup().clientOf(socket), null, 'and one without addresses too');
});

void t.test('a connection is looked up once', async (t) => {
  const { accept, port } = await listen(t, '127.0.0.1');
  const accepted = accept();
  startClient(t, '127.0.0.1', port);
  const socket = await accepted;
  const lookup = createClientLookup();
  const first = lookup.clientOf(socket);
  t.equal(lookup.clientOf(socket), first);
  await first;
});

const side = (clientPort: number) => ({
  local: { host: '127.0.0.1', port: clientPort },
  remote: { host: '127.0.0.1', port: 8080 },
});

const row = (clientPort: number, inode: number) => ({
  local: `0100007F:${clientPort.toString(16).toUpperCase().padStart(4, '0')}`,
  remote: '0100007F:1F90',
  inode,
});

const tableOf = (...rows: readonly FakeRow[]): SocketTable => new SocketTable(tableText(rows), '');

/** Reads anew each time. */
const finderIn = (folder: string): ClientFinder =>
  new ClientFinder(folder, { read: () => readSocketTable(folder) });

/** 500 processes with 6 descriptors each; the socket with inode N0 is process N's. */
const busyMachine = makeBusyMachine(tmpFolder(t));

function makeBusyMachine(folder: string): string {
  const processes = Array.from({ length: 500 }, (_, index) => ({
    pid: index + 100,
    exe: `/bin/p${index}`,
    sockets: Array.from({ length: 6 }, (__, at) => (at === 5 ? (index + 100) * 10 : 0)),
  }));
  return fakeProc(folder, processes);
}

void t.test('of 500 processes the right one is found, for many connections at once', async (t) => {
  const pids = Array.from({ length: 60 }, (_, index) => 100 + index * 8);
  fakeTable(busyMachine, 'tcp', [
    ...Array.from({ length: 3000 }, (_, index) => row(2000 + index, 0)),
    ...pids.map((pid) => row(10_000 + pid, pid * 10)),
  ]);
  const finder = finderIn(busyMachine);
  const found = await Promise.all(pids.map((pid) => finder.find(side(10_000 + pid))));
  t.strictSame(
    found.map((client) => client?.pid),
    pids,
  );
  t.equal(await finder.find(side(2001)), null, 'a row without an inode');
  t.equal(await finder.find(side(9)), null, 'no row');
});

void t.test('the event loop goes on while all processes are looked through', async (t) => {
  fakeTable(busyMachine, 'tcp', [row(10_000, 77)]);
  let turns = 0;
  const count = (): void => {
    turns += 1;
    immediate = setImmediate(count);
  };
  let immediate = setImmediate(count);
  const pids = listProcesses(busyMachine);
  await scanProcesses(pids, busyMachine, () => {
    // Slow descriptors: the slice is used up at each.
    const until = performance.now() + 5;
    while (performance.now() < until);
    return turns > 10 ? 'done' : 'more';
  });
  clearImmediate(immediate);
  t.ok(turns > 10, `${turns} turns`);
});

void t.test('a client that no process here has is not looked for again and again', async (t) => {
  fakeTable(busyMachine, 'tcp', [row(10_000, 77), row(10_001, 2000)]);
  const finder = finderIn(busyMachine);
  t.equal(await finder.find(side(10_000)), null, 'in another container');
  t.equal(await finder.find(side(10_001)), null, 'all processes are left alone for a while');
  const other = finderIn(busyMachine);
  t.match(await other.find(side(10_001)), { pid: 200 });
  t.equal(await other.find(side(10_000)), null);
  t.match(
    await other.find(side(10_001)),
    { pid: 200 },
    'a client seen before is found all the same',
  );
});

void t.test(
  'a search in vain for a client that has gone meanwhile is followed by the next',
  async (t) => {
    const head = 'sl\n';
    let reads = 0;
    const finder = new ClientFinder(busyMachine, {
      async read() {
        reads += 1;
        // Its process has ended, and so has its connection by the second reading.
        return reads === 1
          ? tableOf(row(10_000, 77))
          : reads === 2
            ? new SocketTable(head, '')
            : tableOf(row(10_001, 2000));
      },
    });
    t.equal(await finder.find(side(10_000)), null);
    t.match(await finder.find(side(10_001)), { pid: 200 }, 'without a rest');
  },
);

void t.test('a program whose standard input is its connection', async (t) => {
  const { accept, port } = await listen(t, '127.0.0.1');
  const accepted = accept();
  const child = spawn('bash', ['-c', `exec 0<>/dev/tcp/127.0.0.1/${port}; read -r _`], {
    stdio: 'ignore',
  });
  t.teardown(() => child.kill('SIGKILL'));
  t.match(await createClientLookup().clientOf(await accepted), { pid: child.pid, exe: /bash$/ });
});

void t.test('a program that was replaced on disk keeps its name', async (t) => {
  const folder = fakeProc(tmpFolder(t), [
    { pid: 5, exe: '/usr/bin/tofu (deleted)', sockets: [50] },
  ]);
  fakeTable(folder, 'tcp', [row(10_000, 50)]);
  t.match(await finderIn(folder).find(side(10_000)), { exe: '/usr/bin/tofu' });
});

void t.test('without /proc everybody is nobody', async (t) => {
  t.equal(await finderIn(join(tmpFolder(t), 'none')).find(side(1)), null);
});

void t.test('those that come while the table is read share the next reading', async (t) => {
  const readings: PromiseWithResolvers<SocketTable>[] = [];
  const table = new SharedSocketTable(() => {
    const reading = Promise.withResolvers<SocketTable>();
    readings.push(reading);
    return reading.promise;
  });
  const empty = new SocketTable('', '');
  const first = table.read();
  await waitFor(() => readings.length === 1);
  const later = Array.from({ length: 300 }, () => table.read());
  readings[0]?.resolve(empty);
  await first;
  await waitFor(() => readings.length === 2);
  readings[1]?.resolve(empty);
  await Promise.all(later);
  t.equal(readings.length, 2);
});

void t.test('a reading that fails is not the last', async (t) => {
  let reads = 0;
  const table = new SharedSocketTable(async () => {
    reads += 1;
    if (reads === 1) throw new Error('EMFILE');
    return new SocketTable('', '');
  });
  await t.rejects(table.read(), { message: 'EMFILE' });
  t.type(await table.read(), SocketTable);
});
