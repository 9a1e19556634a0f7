import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { run } from '../../src/commands/logs.ts';
import { prettyLines } from '../../src/commands/pretty-log.ts';
import { createAccessLines } from '../../src/proxy/log/access-log.ts';
import type { RequestRecord } from '../../src/proxy/core/request-record.ts';
import { requestRecord } from '../support/request-record.ts';
import { commandIo } from '../support/command-io.ts';
import { tmpFolder } from '../support/tmp-folder.ts';
import { waitFor } from '../support/wait-for.ts';

function line(changes: Partial<RequestRecord>): string {
  let text = '';
  createAccessLines((written) => (text += written)).write(requestRecord(changes));
  return text;
}

function folderWith(t: { teardown(callback: () => unknown): unknown }, content?: string) {
  const folder = tmpFolder(t);
  const log = join(folder, 'access.log');
  if (content !== undefined) writeFileSync(log, content);
  return { folder, log, env: { SPACETAIL_RUNTIME_DIR: folder } };
}

void t.test(
  'elsewhere than on a terminal the log comes as it is, rotated parts first',
  async (t) => {
    const { log, env } = folderWith(t, 'third\n');
    writeFileSync(`${log}.1`, 'second\n');
    writeFileSync(`${log}.2`, 'first\n');
    utimesSync(`${log}.2`, 1, 1);
    const world = commandIo(env);
    t.equal(await run({}, world.io), 0);
    t.equal(world.stdout(), 'first\nsecond\nthird\n');
  },
);

void t.test('no log yet is exit 0 and a word on stderr', async (t) => {
  const world = commandIo({ SPACETAIL_RUNTIME_DIR: join(tmpFolder(t), 'none') });
  t.equal(await run({}, world.io), 0);
  t.equal(world.stdout(), '');
  t.match(world.stderr(), /no request has been logged/);
});

void t.test('a line that is still being written waits for its end', async (t) => {
  const { env } = folderWith(t, 'whole\nhal');
  const world = commandIo(env);
  await run({}, world.io);
  t.equal(world.stdout(), 'whole\n');
});

void t.test('on a terminal each request is a sentence; --json leaves it as it is', async (t) => {
  const json = line({
    host: 'db.tail1234.ts.net',
    port: 5432,
    status: 403,
    error: 'http_request_denied',
  });
  const { env } = folderWith(t, json + 'not json \x1b[2J\n');
  const pretty = commandIo({ ...env, NO_COLOR: '1' });
  await run({}, { ...pretty.io, stdout: Object.assign(pretty.io.stdout, { isTTY: true }) });
  t.match(
    pretty.stdout(),
    /^\[\d\d:\d\d:\d\d\.\d{3}\].* 403 \S+ db\.tail1234\.ts\.net:5432 .*http_request_denied\n/,
  );
  t.match(pretty.stdout(), /\nnot json \?\[2J\n$/);
  const raw = commandIo(env);
  await run({ json: true }, { ...raw.io, stdout: Object.assign(raw.io.stdout, { isTTY: true }) });
  t.ok(raw.stdout().startsWith(json));
});

void t.test('a hostile name in the log does not move the cursor of a terminal', async (t) => {
  const hostile = JSON.stringify({
    ...JSON.parse(line({})),
    host: 'a\x1b[2Jb',
    client: { pid: 1, exe: '/bin/\x1b]0;x\x07', provider: null },
  });
  const { env } = folderWith(t, `${hostile}\n`);
  const world = commandIo({ ...env, NO_COLOR: '1' });
  await run({}, { ...world.io, stdout: Object.assign(world.io.stdout, { isTTY: true }) });
  t.match(world.stdout(), /a\?\[2Jb/);
  t.notMatch(world.stdout(), /\p{Cc}(?<!\n)/u);
});

void t.test(
  '-f goes on with new lines, across a rotation, a cut and a late start, until a signal',
  async (t) => {
    const { folder, log, env } = folderWith(t, 'one\n');
    const world = commandIo(env);
    const running = run({ follow: true }, world.io);
    const shows = (text: string) =>
      waitFor(() => world.stdout() === text, { what: JSON.stringify(text) });
    await shows('one\n');
    appendFileSync(log, 'two\n');
    await shows('one\ntwo\n');
    appendFileSync(log, 'thr');
    appendFileSync(log, 'ee\n');
    await shows('one\ntwo\nthree\n');
    // Written and moved away at once: nothing may be lost between.
    appendFileSync(log, 'four\n');
    renameSync(log, `${log}.1`);
    writeFileSync(log, 'five\n');
    await shows('one\ntwo\nthree\nfour\nfive\n');
    truncateSync(log);
    await shows('one\ntwo\nthree\nfour\nfive\n');
    appendFileSync(log, 'six\n');
    await shows('one\ntwo\nthree\nfour\nfive\nsix\n');
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    writeFileSync(log, 'seven\n');
    await shows('one\ntwo\nthree\nfour\nfive\nsix\nseven\n');
    world.end();
    t.equal(await running, 0);
  },
);

void t.test('-f waits for a log that is not there yet', async (t) => {
  const { log, env } = folderWith(t);
  const world = commandIo(env);
  const running = run({ follow: true }, world.io);
  writeFileSync(log, 'first\n');
  await waitFor(() => world.stdout() === 'first\n');
  world.end();
  t.equal(await running, 0);
});

void t.test('the lines under TRACE are short, and no text of a client moves the cursor', (t) => {
  const pretty = prettyLines(false);
  const print = (fields: object) =>
    pretty(JSON.stringify({ time: '2026-01-02T03:04:05.006Z', level: 'debug', ...fields }));
  const start = { msg: 'request start', id: 'r-1', proto: 'http', method: 'GET' };
  t.match(print({ ...start, host: 'web', port: 80 }), /^\[[\d:.]+\] r-1 start GET web:80\n$/);
  t.match(
    print({ msg: 'request step', id: 'r-1', step: 'dialled', ms: 3.2, kind: 'connected' }),
    / r-1 dialled 3\.2 ms connected\n$/,
  );
  // eslint-disable-next-line no-control-regex -- what must not be there
  t.notMatch(print({ ...start, host: '\u001b[2J\r', port: 80 }), /[\u001b\r]/);
  t.end();
});

void t.test('regression: a line that is cut does not reach the terminal as it is', async (t) => {
  t.equal(
    prettyLines(false)('{"msg":"request","host":"\u001B[2J'),
    '{"msg":"request","host":"?[2J\n',
  );
});
