import '../tailnet/inside.ts';
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { manyRequests } from '../support/many-requests.ts';
import { waitFor } from '../support/wait-for.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { type Spacetail, spacetailFor } from './spacetail.ts';
import { readMetrics } from './views.ts';

t.setTimeout(240_000);
const tailnet = await useTailnet(t);
const { facts } = tailnet;
const { http: port } = facts.tailnetOrigin;
const url = `http://web:${port}/`;

function supervisorPid({ runtimeDir }: Spacetail): number {
  return Number(readFileSync(`${runtimeDir}/supervisor.pid`, 'utf8').split(' ')[0]);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

void t.test('TRACE adds a line at the start of a request and one for each step', async (t) => {
  const spacetail = await spacetailFor(t, facts);
  await spacetail.up({ TRACE: '1' });
  const slow = spacetail.curl(`http://web:${port}/slow/1500`);
  const start = await waitFor(() => spacetail.accessLog()[0], { what: 'the line at the start' });
  t.match(start, {
    level: 'debug',
    msg: 'request start',
    proto: 'http',
    method: 'GET',
    host: 'web',
    port,
  });
  t.match(await slow, { code: 0 });
  await spacetail.cli(['down']);
  const lines = spacetail.accessLog().filter(({ id }) => id === start['id']);
  t.same(
    lines.map(({ msg, step }) => [msg, step]),
    [
      ['request start', undefined],
      ['request step', 'resolved'],
      ['request step', 'decided'],
      ['request step', 'dialled'],
      ['request', undefined],
    ],
  );
  for (const { ms, step } of lines.filter(({ msg }) => msg === 'request step'))
    t.ok(typeof ms === 'number' && ms >= 0 && ms < 1500, `${String(step)} took ${String(ms)} ms`);
});

void t.test(
  'the program of each request is known that stays until its line is written',
  async (t) => {
    const spacetail = await spacetailFor(t, facts);
    await spacetail.up();
    const code = `const http = require('http');
    http.get({ port: ${spacetail.httpPort}, path: '${url}', agent: new http.Agent({ keepAlive: true }) }, (answer) => answer.resume());
    setInterval(() => {}, 1000);`;
    for (let round = 1; round <= 10; round += 1) {
      const child = spawn(process.execPath, ['-e', code], { stdio: 'ignore', env: {} });
      await waitFor(() => spacetail.accessLog().length === round, { what: 'its line' });
      t.match(spacetail.accessLog().at(-1), { client: { pid: child.pid, exe: /node/ } });
      child.kill('SIGKILL');
    }
  },
);

void t.test('down and SIGTERM lose no line', async (t) => {
  const spacetail = await spacetailFor(t, facts);
  for (const end of ['down', 'SIGTERM'] as const) {
    await spacetail.up();
    const before = end === 'down' ? 0 : 1000;
    t.same(await manyRequests({ proxyPort: spacetail.httpPort, url, count: 1000 }), { 200: 1000 });
    if (end === 'down') t.match((await spacetail.cli(['down'])).stderr, /1000 requests, 0 errors/);
    else {
      const pid = supervisorPid(spacetail);
      process.kill(pid, 'SIGTERM');
      await waitFor(() => !isAlive(pid), { what: 'the end of the supervisor' });
    }
    const log = spacetail.accessLog().slice(before);
    t.equal(log.length, 1000, end);
    t.equal(new Set(log.map(({ id }) => id)).size, 1000);
  }
});

void t.test("SIGKILL of the supervisor loses at most a second's worth", async (t) => {
  const spacetail = await spacetailFor(t, facts);
  await spacetail.up();
  const answeredMs: number[] = [];
  const requests = manyRequests({
    proxyPort: spacetail.httpPort,
    url,
    count: 1_000_000,
    concurrency: 10,
    onAnswer: (status) => {
      if (status === 200) answeredMs.push(performance.now());
      else throw new Error('killed');
    },
  });
  await sleep(2500);
  const killedMs = performance.now();
  process.kill(supervisorPid(spacetail), 'SIGKILL');
  await requests.catch(() => {});
  const logged = readFileSync(`${spacetail.runtimeDir}/access.log`, 'utf8')
    .split('\n')
    .slice(0, -1).length;
  const older = answeredMs.filter((ms) => ms < killedMs - 1000).length;
  t.comment(
    `${answeredMs.length} answered, ${logged} logged, ${older} of them answered more than 1 s before`,
  );
  t.ok(older > 100);
  t.ok(logged >= older, `${logged} lines of ${answeredMs.length} answered requests`);
});

void t.test(
  'the file is rotated by size while requests go on, and logs prints all of it',
  async (t) => {
    const spacetail = await spacetailFor(t, facts);
    mkdirSync(spacetail.runtimeDir, { mode: 0o700 });
    // An older run's log, just under 64 MiB.
    const line = `${JSON.stringify({ msg: 'request', filler: 'x'.repeat(1_000_000) })}\n`;
    const older = 66;
    writeFileSync(`${spacetail.runtimeDir}/access.log`, line.repeat(older), { mode: 0o600 });
    writeFileSync(`${spacetail.runtimeDir}/access.log`, `{"filler":"${'x'.repeat(1_050_000)}"}\n`, {
      flag: 'a',
    });
    await spacetail.up();
    const count = 1000;
    t.same(await manyRequests({ proxyPort: spacetail.httpPort, url, count }), { 200: count });
    await spacetail.cli(['down']);
    const parts = ['access.log.1', 'access.log'].map((name) =>
      readFileSync(`${spacetail.runtimeDir}/${name}`, 'utf8').split('\n').slice(0, -1),
    );
    t.ok(Buffer.byteLength(parts[0]?.join('\n') ?? '') <= 64 * 1_048_576, 'no part is too large');
    t.ok((parts[1]?.length ?? 0) > 0);
    const ids = parts
      .flat()
      .map((text) => (JSON.parse(text) as { id?: string }).id)
      .filter(Boolean);
    t.equal(new Set(ids).size, count, 'no line is lost between');
    const printed = (await spacetail.cli(['logs', '--json'])).stdout.split('\n').slice(0, -1);
    t.equal(printed.length, older + 1 + count);
  },
);

void t.test('a full disk costs lines, which are counted, and no request', async (t) => {
  const spacetail = await spacetailFor(t, facts, {
    SPACETAIL_LOG_LEVEL: 'debug',
    TS_HOSTNAME: 'full-disk',
  });
  mkdirSync(spacetail.runtimeDir, { mode: 0o700 });
  const tmpfs = ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'st-full', spacetail.runtimeDir];
  execFileSync('mount', tmpfs);
  t.teardown(() => execFileSync('umount', ['-l', spacetail.runtimeDir]));
  await spacetail.up();
  const pid = supervisorPid(spacetail);
  writeFileSync(`${spacetail.runtimeDir}/ballast`, '');
  const fill = () => {
    try {
      for (;;) writeFileSync(`${spacetail.runtimeDir}/ballast`, 'x'.repeat(4096), { flag: 'a' });
    } catch {
      // Full.
    }
  };
  // What is left of a page would take some lines still.
  const ownLog = `${spacetail.runtimeDir}/spacetail.log`;
  appendFileSync(ownLog, `${' '.repeat(4095 - (statSync(ownLog).size % 4096))}\n`);
  fill();
  const answers = await manyRequests({ proxyPort: spacetail.httpPort, url, count: 2000 });
  t.same(answers, { 200: 2000 });
  fill();
  t.equal(supervisorPid(spacetail), pid);
  t.ok(isAlive(pid), 'the supervisor has not minded');
  // Half a kilobyte each fills what may wait in memory.
  const long = `http://${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.tail.test/`;
  const unknown = await manyRequests({
    proxyPort: spacetail.httpPort,
    url: long,
    count: 30_000,
    concurrency: 100,
  });
  t.same(unknown, { 502: 30_000 });
  const dropped = (await readMetrics(spacetail)).find(
    ({ name }) => name === 'spacetail_access_log_dropped_lines_total',
  )?.value;
  t.comment(`${dropped} lines dropped`);
  t.ok(dropped !== undefined && dropped > 0, `${dropped} dropped`);
  t.match(JSON.parse((await spacetail.cli(['status', '--json'])).stdout), {
    warnings: [/lines of the access log were lost/],
  });
  t.match((await spacetail.curl(url)).stdout, /hello/);
  const down = await spacetail.cli(['down']);
  t.equal(down.code, 0);
  t.ok(down.stderr.endsWith('spacetail: down\n'), 'no word of a supervisor that had to be ended');
  await tailnet.untilListed((nodes) => nodes.every((node) => node.name !== 'full-disk'));
  t.match(down.stderr, /32001 requests[^]*lines of the access log were lost/);
});
