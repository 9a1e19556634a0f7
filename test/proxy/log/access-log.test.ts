import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import t from 'tap';
import * as v from 'valibot';
import { createAccessLines, openAccessLog } from '../../../src/proxy/log/access-log.ts';
import { accessLogLine } from '../../../src/proxy/log/access-log-schema.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';

const writerTo = (lines: string[]) => createAccessLines((line) => lines.push(line)).write;

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

void t.test('a line has the fields of its schema, and no others', async (t) => {
  const lines: string[] = [];
  const write = writerTo(lines);
  write(requestRecord());
  write(requestRecord({ tailnet: 'prod', preconnect: true, tried: 3 }));
  write(requestRecord({ status: 502, error: 'connection_refused', detail: 'web refused it' }));
  const read = lines.map((line) => v.parse(accessLogLine, JSON.parse(line)));
  t.match(read, [
    {
      v: 1,
      time: '2026-01-02T03:04:05.006Z',
      level: 'info',
      msg: 'request',
      host: 'db.tail1.ts.net',
      name_source: 'status',
      policy: { decision: 'allow', rule: null, mode: 'enforce' },
      client: { pid: 42, exe: '/usr/bin/curl', provider: null },
      reason: null,
      dns_ms: 0.123,
      bytes_down: 2000,
    },
    { tailnet: 'prod', preconnect: true, tried: 3 },
    { level: 'warn', reason: 'web refused it' },
  ]);
  t.notOk('tried' in (read[0] ?? {}), 'what does not apply is left out');
  t.throws(() => v.parse(accessLogLine, { ...read[0], path: '/' }), 'the schema is strict');
});

void t.test('what is not known is null, never left out', async (t) => {
  const lines: string[] = [];
  const unknown = {
    nameSource: null,
    ip: null,
    peer: null,
    client: null,
    dnsMs: null,
    dialMs: null,
  };
  writerTo(lines)(requestRecord(unknown));
  t.match(JSON.parse(lines[0] ?? ''), {
    name_source: null,
    ip: null,
    peer: null,
    client: null,
    error: null,
    dns_ms: null,
    dial_ms: null,
  });
});

void t.test('denied and failed requests have the level warn', async (t) => {
  const lines: string[] = [];
  const write = writerTo(lines);
  write(requestRecord({ policy: { decision: 'deny', rule: null, mode: 'enforce' }, status: 403 }));
  write(requestRecord({ error: 'connection_refused', status: 502 }));
  write(requestRecord({ policy: { decision: 'would_deny', rule: null, mode: 'report' } }));
  t.strictSame(
    lines.map((line) => (JSON.parse(line) as { level: string }).level),
    ['warn', 'warn', 'info'],
  );
});

void t.test('no text of a client can forge a line or move a terminal', async (t) => {
  const evil = '"}\r\n{"time":"forged"}\u0000\u001b[2J\u007f\u009b31m\u2028\u202e\ufeff\ud800';
  const lines: string[] = [];
  const client = { pid: 1, exe: evil, provider: evil };
  const policy = { decision: 'deny', rule: evil, mode: 'enforce' } as const;
  const record = requestRecord({
    host: evil,
    method: evil,
    peer: evil,
    error: evil,
    closeReason: evil,
    client,
    policy,
  });
  writerTo(lines)(record);
  const [line = ''] = lines;
  t.match(line, /^[\x20-\x7e]+\n$/);
  t.equal((JSON.parse(line) as { host: string }).host, evil, 'nothing is lost of it');
});

void t.test('a line is JSON whatever the texts in it are, and says them', async (t) => {
  const lines: string[] = [];
  const write = writerTo(lines);
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, fc.option(text), text, (host, rule, exe) => {
      const client = { pid: 7, exe, provider: rule };
      write(requestRecord({ host, client, policy: { decision: 'allow', rule, mode: 'learn' } }));
      const line = lines.pop() ?? '';
      const read = JSON.parse(line) as { host: string; policy: object; client: object };
      return (
        line.indexOf('\n') === line.length - 1 &&
        JSON.stringify([read.host, read.policy, read.client]) ===
          JSON.stringify([host, { decision: 'allow', rule, mode: 'learn' }, client])
      );
    }),
    { seed: 15, numRuns: 500 },
  );
  t.same(lines, []);
});

void t.test(
  'under TRACE a start has what is known of the request, a step how long it took',
  async (t) => {
    const lines: string[] = [];
    const { trace } = createAccessLines((line) => lines.push(line));
    trace('r-1', 'start', { proto: 'http', method: 'GET', host: 'web', port: 80 });
    trace('r-1', 'resolved', { kind: 'resolved', ms: 1.23456 });
    trace('r-1', 'decided', { via: 'tailnet', ip: undefined });
    trace('r-1', 'decided', { detail: '\r\n\u001b[2J\u009b31m\u2028' });
    const level = 'debug';
    t.match(
      lines.map((line) => JSON.parse(line) as object),
      [
        {
          level,
          msg: 'request start',
          id: 'r-1',
          proto: 'http',
          method: 'GET',
          host: 'web',
          port: 80,
        },
        { level, msg: 'request step', id: 'r-1', step: 'resolved', ms: 1.235, kind: 'resolved' },
        { level, msg: 'request step', id: 'r-1', step: 'decided', ms: null, via: 'tailnet' },
        { time: /^\d{4}-\d\d-\d\dT.*Z$/ },
      ],
    );
    for (const line of lines) t.match(line, /^[\x20-\x7e]+\n$/);
  },
);

void t.test('everything written before close is in the file, in its order', async (t) => {
  const path = join(tmpFolder(t), 'access.log');
  const log = await openAccessLog({ path });
  for (let port = 1; port <= 5000; port++) log.write(requestRecord({ port }));
  await log.close();
  t.strictSame(
    linesOf(path).map((line) => (JSON.parse(line) as { port: number }).port),
    Array.from({ length: 5000 }, (_, index) => index + 1),
  );
  t.equal(log.dropped(), 0);
  t.equal(statSync(path).mode & 0o777, 0o600);
  log.write(requestRecord());
  t.equal(log.dropped(), 1, 'a line after close is counted');
  await log.close();
});

void t.test('a log that is there goes on', async (t) => {
  const path = join(tmpFolder(t), 'access.log');
  writeFileSync(path, 'first\n');
  const log = await openAccessLog({ path });
  log.write(requestRecord());
  await log.close();
  t.match(linesOf(path), ['first', /"msg":"request"/]);
});

void t.test('the file is rotated by size and old ones are deleted', async (t) => {
  const folder = tmpFolder(t);
  const path = join(folder, 'access.log');
  const log = await openAccessLog({ path, maxBytes: 400_000, keep: 2 });
  for (let port = 1; port <= 6000; port++) log.write(requestRecord({ port }));
  await log.close();
  t.strictSame(readdirSync(folder).sort(), ['access.log', 'access.log.1', 'access.log.2']);
  const ports = ['access.log.2', 'access.log.1', 'access.log'].flatMap((name) => {
    t.ok(statSync(join(folder, name)).size <= 400_000, `${name} is not too large`);
    return linesOf(join(folder, name)).map((line) => (JSON.parse(line) as { port: number }).port);
  });
  const [first = 0] = ports;
  t.strictSame(
    ports,
    Array.from({ length: 6000 - first + 1 }, (_, index) => first + index),
    'no line is missing between',
  );
});

void t.test('a link is not followed', async (t) => {
  const folder = tmpFolder(t);
  writeFileSync(join(folder, 'victim'), '');
  symlinkSync('victim', join(folder, 'access.log'));
  await t.rejects(openAccessLog({ path: join(folder, 'access.log') }), { code: 'ELOOP' });
});

void t.test('a file that cannot be opened is an error at the start', async (t) => {
  const folder = tmpFolder(t);
  mkdirSync(join(folder, 'access.log'));
  await t.rejects(openAccessLog({ path: join(folder, 'access.log') }), { code: 'EISDIR' });
});

void t.test('on a full disk lines are counted, and close does not hang', async (t) => {
  const log = await openAccessLog({ path: '/dev/full' });
  for (let count = 0; count < 1000; count++) log.write(requestRecord());
  await log.close();
  t.equal(log.dropped(), 1000);
});
