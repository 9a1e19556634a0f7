/** Tables as the kernel writes them: fixed columns, a line of titles, rows of 150 bytes, in tcp6 of 180. */
import { mkdirSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { SocketTables } from '../../../src/proxy/socket-tables/socket-table.ts';
import { TimeSlice } from '../../../src/proxy/socket-tables/time-slice.ts';
import type { Teardown } from '../../support/teardown.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';

const titles =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const port = (number: number): string => number.toString(16).toUpperCase().padStart(4, '0');
const LOOPBACK = '0100007F';
const MAPPED = '0000000000000000FFFF00000100007F';

function row(at: number, address: string, from: number, to: number, inode: number): string {
  const ends = `${address}:${port(from)} ${address}:${port(to)}`;
  const queues = '01 00000000:00000000 00:00000000 00000000  1000        0';
  const text = `${String(at).padStart(4)}: ${ends} ${queues} ${inode} 1 0000000000000000 20 4 30 10 -1`;
  return text.padEnd(address === MAPPED ? 179 : 149);
}

function tables(t: Teardown, tcp: readonly string[], tcp6: readonly string[] = []): SocketTables {
  const folder = tmpFolder(t);
  mkdirSync(`${folder}/net`);
  writeFileSync(`${folder}/net/tcp`, [titles.padEnd(149), ...tcp, ''].join('\n'));
  writeFileSync(`${folder}/net/tcp6`, [titles.padEnd(179), ...tcp6, ''].join('\n'));
  return new SocketTables(folder);
}

const end = (from: number, to = 8080) => ({
  end: { local: { host: '127.0.0.1', port: from }, remote: { host: '127.0.0.1', port: to } },
});

/** `PORT INODE` of each that was found. */
async function found(of: SocketTables, ...sought: ReturnType<typeof end>[]): Promise<string[]> {
  const inodes = await of.findInodes(sought, new TimeSlice());
  return [...inodes].map(([inode, item]) => `${item.end.local.port} ${inode}`).toSorted();
}

void t.test('every row is found, wherever it stands in a table', async (t) => {
  const count = 300;
  const four = Array.from({ length: count }, (_, at) =>
    row(at, LOOPBACK, 20_000 + at, 8080, 500 + at),
  );
  const six = Array.from({ length: count }, (_, at) =>
    row(at, MAPPED, 30_000 + at, 8080, 900 + at),
  );
  const both = tables(t, four, six);
  const missed: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const inodes = await found(both, end(20_000 + at), end(30_000 + at), end(40_000));
    const wanted = [`${20_000 + at} ${500 + at}`, `${30_000 + at} ${900 + at}`];
    if (inodes.join(',') !== wanted.join(',')) missed.push(at);
  }
  t.strictSame(missed, []);
});

void t.test(
  'the same port of another connection, or in another column, is not meant',
  async (t) => {
    const rows = [
      row(0, LOOPBACK, 8080, 20_000, 1),
      row(1, LOOPBACK, 20_000, 9090, 2),
      row(2, '0200007F', 20_000, 8080, 3),
      row(3, LOOPBACK, 20_000, 8080, 4),
      row(10_000, LOOPBACK, 20_001, 8080, 5),
    ];
    t.strictSame(await found(tables(t, rows), end(20_000), end(20_001)), ['20000 4', '20001 5']);
  },
);

void t.test(
  'a closed connection has no inode, and its addresses may be used again already',
  async (t) => {
    const closed = row(0, LOOPBACK, 20_000, 8080, 0);
    t.strictSame(await found(tables(t, [closed]), end(20_000)), []);
    const again = tables(t, [closed, row(1, LOOPBACK, 20_000, 8080, 7)]);
    t.strictSame(await found(again, end(20_000)), ['20000 7']);
    const seen: string[] = [];
    await again.find([end(20_000)], new TimeSlice(), (_, { inode }) => seen.push(inode) > 0);
    t.strictSame(seen, ['0'], 'no further than it is settled');
  },
);

void t.test('tables with titles alone are told from those of others', async (t) => {
  const none = (): boolean => true;
  t.equal(await tables(t, []).find([end(1)], new TimeSlice(), none), false);
  const others = tables(t, [], [row(0, MAPPED, 5, 6, 7)]);
  t.equal(await others.find([end(1)], new TimeSlice(), none), true);
});
