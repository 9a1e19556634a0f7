import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import t from 'tap';
import { readTable } from '../../../src/proxy/socket-tables/table-rows.ts';
import { TimeSlice } from '../../../src/proxy/socket-tables/time-slice.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';

async function all(path: string, isPatient = false): Promise<string> {
  let text = '';
  for await (const rows of readTable(path, new TimeSlice(), { isPatient })) {
    const some = rows.toString('latin1');
    if (some !== '' && !some.endsWith('\n')) throw new Error('a row is cut');
    text += some;
  }
  return text;
}

void t.test('all rows come whole, however many there are', async (t) => {
  const folder = tmpFolder(t);
  for (const rows of [0, 1, 2, 3, 5, 13, 14, 27, 28, 200]) {
    const text = `${'x'.repeat(149)}\n`.repeat(rows);
    writeFileSync(`${folder}/tcp`, text);
    t.equal(await all(`${folder}/tcp`), text, `${rows} rows`);
    t.equal(await all(`${folder}/tcp`, true), text, `${rows} rows, patiently`);
  }
});

void t.test('of a kernel with many connections every one is seen', async (t) => {
  const accepted: Socket[] = [];
  const server = createServer((socket) => accepted.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clients = Array.from({ length: 150 }, () => connect(port, '127.0.0.1'));
  t.teardown(() => {
    for (const socket of [...clients, ...accepted]) socket.destroy();
    server.close();
  });
  await Promise.all(clients.map((socket) => once(socket, 'connect')));
  const mine = (text: string): number =>
    text.split(`:${port.toString(16).toUpperCase().padStart(4, '0')} `).length - 1;
  const path = '/proc/self/net/tcp';
  t.ok(mine(await all(path)) >= 300);
  t.equal(mine(await all(path)), mine(readFileSync(path, 'latin1')));
});

void t.test('a table that is missing has no rows', async (t) => {
  t.equal(await all(`${tmpFolder(t)}/tcp6`), '');
});
