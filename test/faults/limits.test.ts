import '../tailnet/inside.ts'; // first
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { tmpFolder } from '../support/tmp-folder.ts';
import { waitFor } from '../support/wait-for.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { startBridgeProcess } from './bridge-process.ts';
import { doors } from './transfer.ts';

t.setTimeout(300_000);
const { facts } = await useTailnet(t);
const port = facts.tailnetOrigin.http;
const WHOLE = { kind: 'whole' };
const DAY_MS = 86_400_000;

interface Held {
  readonly socket: Socket;
  readonly text: () => string;
  readonly ended: Promise<unknown>;
}

async function held(to: number, bytes: string): Promise<Held> {
  const socket = connect({ host: '127.0.0.1', port: to, allowHalfOpen: true });
  let text = '';
  socket.on('error', () => {}).on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  const ended = new Promise((resolve) => {
    socket.on('end', resolve).on('close', resolve);
  });
  await once(socket, 'connect');
  socket.write(bytes);
  return { socket, text: () => text, ended };
}

void t.test('with 256 open files: 503 beyond, and all is well once they are closed', async (t) => {
  const bridge = await startBridgeProcess(t, facts, {
    by: ['prlimit', '--nofile=256:256'],
    env: { TS_HOSTNAME: 'few-files' },
  });
  const before = bridge.size();
  const tunnels: Held[] = [];
  const request = `CONNECT web:${port} HTTP/1.1\r\n\r\n`;
  for (let batch = 0; batch < 15; batch += 1) {
    tunnels.push(
      ...(await Promise.all(Array.from({ length: 20 }, () => held(bridge.httpPort, request)))),
    );
    await waitFor(
      () =>
        tunnels.every(({ text, socket }) => text() !== '' || socket.closed || socket.readableEnded),
      {
        what: 'an answer for each',
        deadlineMs: 30_000,
      },
    );
  }
  const stand = tunnels.filter(({ text }) => text().startsWith('HTTP/1.1 200 '));
  const refused = tunnels.filter(({ text }) =>
    /^HTTP\/1\.1 503 [^]*error=connection_limit_reached/u.test(text()),
  );
  const other = tunnels.filter(
    ({ text }) => text() !== '' && !/^HTTP\/1\.1 (?:200|503) /u.test(text()),
  );
  t.ok(stand.length >= 50, `${stand.length} tunnels`);
  // So many are answered at a time; answering more would take files from those who stand.
  t.ok(refused.length >= 32, `${refused.length} refused with 503`);
  t.equal(
    tunnels.filter(({ socket, text }) => text() === '' && !socket.closed && !socket.readableEnded)
      .length,
    0,
  );
  t.strictSame(
    other.map(({ text }) => text()),
    [],
  );
  t.ok(bridge.size().files <= 256, `${bridge.size().files} files`);
  stand[0]?.socket.write('GET /bytes/10 HTTP/1.1\r\nHost: web\r\n\r\n');
  await waitFor(() => /\r\n\r\n[^]*\r\n\r\n[^]{10}$/u.test(stand[0]?.text() ?? ''), {
    what: 'the tunnels that stand still carry',
  });
  for (const { socket } of refused) socket.destroy();
  await waitFor(async () => (await bridge.carry('connect')).kind === 'refused', { what: 'a 503' });
  t.match(await bridge.carry('connect'), {
    kind: 'refused',
    why: /^503 .*error=connection_limit_reached/,
  });
  for (const { socket } of tunnels) socket.destroy();
  await t.resolves(bridge.isWell(before));
});

void t.test('with 48 MB of heap: a rush of large transfers arrives whole', async (t) => {
  // The heap is where a stream would pile up; an address-space limit would not let V8 start at all.
  const bridge = await startBridgeProcess(t, facts, {
    nodeArgs: ['--max-old-space-size=48'],
    env: { TS_HOSTNAME: 'small-heap' },
  });
  const before = bridge.size();
  const outcomes = await Promise.all(
    Array.from({ length: 24 }, (_, at) =>
      bridge.carry(doors[at % 3] ?? 'connect', {
        direction: at % 2 === 0 ? 'down' : 'up',
        bytes: 4_000_000,
        limitMs: 120_000,
      }),
    ),
  );
  t.strictSame(
    outcomes.filter(({ kind }) => kind !== 'whole'),
    [],
  );
  t.equal(bridge.child.exitCode, null);
  await t.resolves(bridge.isWell(before));
});

void t.test('a full disk costs lines of the log, no request, and they come again', async (t) => {
  const folder = tmpFolder(t);
  const disk = `${folder}/disk`;
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0700', 'small', disk]);
  t.teardown(() => execFileSync('umount', ['--lazy', disk]));
  const bridge = await startBridgeProcess(t, facts, {
    env: { SPACETAIL_RUNTIME_DIR: `${disk}/run`, TS_HOSTNAME: 'full-disk' },
  });
  const before = bridge.size();
  const filler = `${disk}/filler`;
  const free = statfsSync(disk);
  writeFileSync(filler, Buffer.alloc(free.bavail * free.bsize - 4096));
  t.throws(() => writeFileSync(`${disk}/more`, Buffer.alloc(65_536)), { code: 'ENOSPC' });
  rmSync(`${disk}/more`, { force: true });
  for (const door of doors) {
    for (let at = 0; at < 20; at += 1) t.match(await bridge.carry(door), WHOLE, door);
    t.match(await bridge.carry(door, { direction: 'up', bytes: 1_000_000 }), WHOLE, door);
  }
  rmSync(filler);
  const log = `${disk}/run/access.log`;
  const size = (): number => Number(execFileSync('stat', ['-c', '%s', log], { encoding: 'utf8' }));
  const full = size();
  await t.resolves(bridge.isWell(before));
  await waitFor(() => size() > full, { what: 'lines in the log' });
});

for (const days of [1, -1]) {
  void t.test(
    `a clock that jumps by ${days} day changes nothing for who is connected`,
    async (t) => {
      const bridge = await startBridgeProcess(t, facts, {
        nodeArgs: ['--require', `${import.meta.dirname}/shift-clock.cjs`],
        env: { TS_HOSTNAME: days > 0 ? 'ahead' : 'behind' },
      });
      const before = bridge.size();
      const tunnel = await held(bridge.httpPort, `CONNECT web:${port} HTTP/1.1\r\n\r\n`);
      await waitFor(() => tunnel.text().startsWith('HTTP/1.1 200 '), { what: 'a tunnel' });
      writeFileSync(`${bridge.folder}/days`, String(days));
      bridge.child.kill('SIGUSR2');
      // The log has the clock's time: its lines tell when the signal has come.
      await waitFor(
        async () => {
          await bridge.carry('connect');
          const aheadMs = Date.parse(String(bridge.accessLog().at(-1)?.['time'])) - Date.now();
          return Math.abs(aheadMs - days * DAY_MS) < 60_000;
        },
        { what: 'a line with the new time' },
      );
      for (const door of doors) t.match(await bridge.carry(door), WHOLE, door);
      for (const line of bridge.accessLog()) {
        const tookMs = Number(line['total_ms']);
        t.ok(tookMs >= 0 && tookMs < 60_000, `a duration is not the clock's: ${tookMs} ms`);
      }
      tunnel.socket.write('GET /bytes/10 HTTP/1.1\r\nHost: web\r\n\r\n');
      await waitFor(() => /\r\n\r\n[^]*\r\n\r\n[^]{10}$/u.test(tunnel.text()), {
        what: 'bytes in the tunnel',
      });
      tunnel.socket.destroy();
      await t.resolves(bridge.isWell(before));
    },
  );
}
