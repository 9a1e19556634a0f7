import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import {
  ClientFinder,
  createClientLookup,
} from '../../../src/proxy/client-process/client-process.ts';
import { LikelyFirst } from '../../../src/proxy/client-process/likely-first.ts';
import { justStarted } from '../../../src/proxy/client-process/process-scan.ts';
import { TimeSlice } from '../../../src/proxy/socket-tables/time-slice.ts';
import { startBridge } from '../../support/bridge.ts';
import { fakeProc, fakeTable } from '../../support/fake-proc.ts';
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
  const finder = new ClientFinder(busyMachine);
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
  t.equal(await new ClientFinder(busyMachine).find(side(10_000)), null);
  clearImmediate(immediate);
  t.ok(turns >= 10, `${turns} turns`);
});

void t.test('a client that no process here has is not looked for again and again', async (t) => {
  fakeTable(busyMachine, 'tcp', [row(10_000, 77), row(10_001, 2000)]);
  const finder = new ClientFinder(busyMachine);
  t.equal(await finder.find(side(10_000)), null, 'in another container');
  t.equal(await finder.find(side(10_001)), null, 'all processes are left alone for a while');
  const other = new ClientFinder(busyMachine);
  t.match(await other.find(side(10_001)), { pid: 200 });
  t.equal(await other.find(side(10_000)), null);
  t.match(
    await other.find(side(10_001)),
    { pid: 200 },
    'a client seen before is found all the same',
  );
});

void t.test('a client that goes while it is looked for is looked for no longer', async (t) => {
  let looks = 0;
  const finder = new ClientFinder(busyMachine, {
    async findInodes(sought) {
      looks += 1;
      return new Map(looks === 2 ? [] : sought.map((item) => ['1000', item]));
    },
  });
  t.equal(await finder.find(side(10_000)), null, 'its process would have been the last in turn');
  t.equal(await finder.find(side(10_000)), null, 'after a search in vain there is a rest');
  t.equal(looks, 3);
});

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
  t.match(await new ClientFinder(folder).find(side(10_000)), { exe: '/usr/bin/tofu' });
});

void t.test('without /proc everybody is nobody', async (t) => {
  t.equal(await new ClientFinder(join(tmpFolder(t), 'none')).find(side(1)), null);
});

void t.test('in a flood of connections, those that come meanwhile share a look', async (t) => {
  const sockets = Array.from({ length: 300 }, (_, at) => at + 50);
  const folder = fakeProc(tmpFolder(t), [{ pid: 5, exe: '/usr/bin/tofu', sockets }]);
  const inodes = new Map(sockets.map((inode, at) => [10_000 + at, String(inode)]));
  let looks = 0;
  const finder = new ClientFinder(folder, {
    // As with tens of thousands of closed connections.
    async findInodes(sought, slice) {
      looks += 1;
      const endMs = performance.now() + 10;
      slice.begin();
      while (performance.now() < endMs);
      slice.end();
      return new Map(sought.map((item) => [inodes.get(item.end.local.port) ?? '', item]));
    },
  });
  const found = sockets.map(async (_, at) => {
    // One by one, as connections come.
    await new Promise((resolve) => setTimeout(resolve, at * 3));
    return finder.find(side(10_000 + at));
  });
  t.ok((await Promise.all(found)).every((client) => client?.pid === 5));
  t.ok(looks > 5 && looks <= sockets.length / 5, `${looks} looks`);
});

void t.test('a thread that has just started stands for its process', async (t) => {
  const folder = fakeProc(tmpFolder(t), [
    { pid: 500, exe: '/usr/bin/tofu', sockets: [50] },
    { pid: 601, exe: '/usr/bin/tofu', sockets: [50] },
  ]);
  writeFileSync(`${folder}/601/status`, 'Name:\ttofu\nTgid:\t500\nPid:\t601\n');
  writeFileSync(`${folder}/loadavg`, '0.00 0.01 0.05 1/500 602\n');
  fakeTable(folder, 'tcp', [row(10_000, 50)]);
  t.match(await new ClientFinder(folder).find(side(10_000)), { pid: 500, exe: '/usr/bin/tofu' });
});

void t.test(
  'threads of one process that have just started are one process to look at, and ours none',
  async (t) => {
    const threads = [601, 602, 603, 604].map((pid) => ({
      pid,
      exe: '/usr/bin/tofu',
      sockets: [50],
    }));
    const folder = fakeProc(tmpFolder(t), threads);
    for (const { pid } of threads)
      writeFileSync(`${folder}/${pid}/status`, `Tgid:\t${pid === 604 ? process.pid : 601}\n`);
    writeFileSync(`${folder}/loadavg`, '0.00 0.01 0.05 1/500 604\n');
    t.strictSame(await justStarted(folder, new TimeSlice()), [601]);
  },
);

void t.test('who has more descriptors than before is looked through first', async (t) => {
  const folder = fakeProc(
    tmpFolder(t),
    [30, 20, 10].map((pid) => ({ pid, exe: '/bin/p', sockets: [pid] })),
  );
  const likelyFirst = new LikelyFirst(folder);
  const pids = [30, 20, 10];
  t.strictSame(await likelyFirst.sort(pids, new TimeSlice()), pids, 'nothing is known yet');
  // A folder's size here is not the number of its entries, but it grows with them.
  for (let at = 0; at < 500; at += 1) symlinkSync('/dev/null', join(folder, '20/fd', `${at}-more`));
  t.strictSame(await likelyFirst.sort(pids, new TimeSlice()), [20, 30, 10]);
  t.strictSame(await likelyFirst.sort(pids, new TimeSlice()), pids);
  t.strictSame(await likelyFirst.sort([40, ...pids], new TimeSlice()), [40, ...pids]);
  t.strictSame(await likelyFirst.sort([40], new TimeSlice()), [40], 'one that has ended');
});

void t.test('a client that was refused at once was unknown in the log', async (t) => {
  const lookup = createClientLookup();
  const { httpPort, records } = await startBridge(t, {
    clientOf: (socket) => lookup.clientOf(socket),
    deny: 'denied.example',
  });
  for (const options of [[], ['-p']]) {
    for (let round = 0; round < 5; round += 1) {
      const proxy = `http://127.0.0.1:${httpPort}`;
      const child = spawn('curl', ['-s', ...options, '-x', proxy, 'http://denied.example/'], {
        stdio: 'ignore',
      });
      await once(child, 'exit');
      await waitFor(() => records.length > 0, { what: 'the record' });
      t.match(records.pop(), { status: 403, client: { pid: child.pid, exe: /curl$/ } });
    }
  }
});
