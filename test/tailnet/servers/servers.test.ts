import '../inside.ts';

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Resolver } from 'node:dns/promises';
import { join } from 'node:path';

import t from 'tap';

import { run } from '../../support/run.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';
import { ADDRESS, RESOLVERS } from '../world.ts';
import { readQuestions } from './dns.ts';
import { patternBytes, type Echo } from './origin-routes.ts';
import { startServers } from './servers.ts';

const folder = tmpFolder(t);
const servers = await startServers(folder);
t.teardown(() => servers.close());

const INTERNET = `http://${ADDRESS.internet}`;

void t.test('echo tells what arrived, byte for byte', async (t) => {
  const body = patternBytes(200_000);
  const response = await fetch(`${INTERNET}/echo?a=1`, {
    method: 'PUT',
    body,
    headers: { 'X-Case': 'Kept' },
  });
  const echo = (await response.json()) as Echo;
  t.match(echo, { method: 'PUT', url: '/echo?a=1', origin: 'internet', via: null });
  t.equal(echo.bodySha256, createHash('sha256').update(body).digest('hex'));
  t.equal(echo.bodyBytes, body.length);
});

void t.test('bytes are as many as asked and the same as the pattern', async (t) => {
  for (const length of [0, 1, 65_536, 1_000_003]) {
    const body = Buffer.from(await (await fetch(`${INTERNET}/bytes/${length}`)).arrayBuffer());
    t.ok(body.equals(patternBytes(length)), `${length} bytes`);
  }
});

void t.test('a cut answer ends before the length it promised', async (t) => {
  const response = await fetch(`${INTERNET}/cut/5000`);
  t.equal(response.headers.get('content-length'), '6000');
  await t.rejects(response.arrayBuffer());
});

void t.test('a dripping answer comes line by line', async (t) => {
  const response = await fetch(`${INTERNET}/drip/3?everyMs=20`);
  const chunks: string[] = [];
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    chunks.push(Buffer.from(chunk).toString());
  }
  t.strictSame(chunks, ['line 1\n', 'line 2\n', 'line 3\n']);
});

void t.test('https is trusted by the CA file only', async (t) => {
  const url = 'https://www.public.test/';
  const { caFile } = servers.facts;
  t.match(await run('curl', ['-sS', url]), { code: 60 });
  t.match(await run('curl', ['-sS', '--cacert', caFile, url]), { stdout: /^hello from internet/ });
  const namesake = await run('curl', ['-sS', '--cacert', caFile, 'https://web.tail.test/']);
  t.match(namesake, { stdout: /^hello from namesake/ });
});

void t.test('the repository can be cloned and pushed to', async (t) => {
  const clone = join(tmpFolder(t), 'clone');
  const url = `${INTERNET}/git/demo.git`;
  t.match(await run('git', ['clone', '--quiet', url, clone]), { code: 0 });
  t.match(readFileSync(join(clone, 'README.md'), 'utf8'), 'A repository on the tailnet');
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com', '-C', clone];
  await run('git', [...identity, 'commit', '--quiet', '--allow-empty', '--message=third']);
  t.match(await run('git', ['-C', clone, 'push', '--quiet', 'origin', 'main']), { code: 0 });
  const { stdout } = await run('git', ['ls-remote', url, 'main']);
  const head = await run('git', ['-C', clone, 'rev-parse', 'HEAD']);
  t.equal(stdout.split('\t')[0], head.stdout.trim());
});

void t.test('the TCP echo sends back everything, and ends when we do', async (t) => {
  const socket = connect({
    port: servers.internet.echo,
    host: ADDRESS.internet,
    allowHalfOpen: true,
  });
  socket.end(patternBytes(300_000));
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  t.ok(Buffer.concat(chunks).equals(patternBytes(300_000)));
});

void t.test('an upgrade becomes a tunnel that echoes', async (t) => {
  const socket = connect({ port: 80, host: ADDRESS.internet });
  socket.write('GET /any HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\nfirst');
  let text = '';
  socket.on('data', (chunk) => (text += String(chunk)));
  while (!text.endsWith('first')) await once(socket, 'data');
  t.match(text, /^HTTP\/1\.1 101 .*\r\nUpgrade: chat\r\n\r\nfirst$/s);
  socket.destroy();
});

void t.test(
  'the resolver answers A, AAAA, CNAME and failures, and writes the questions down',
  async (t) => {
    const resolver = new Resolver({ timeout: 300, tries: 1 });
    resolver.setServers([RESOLVERS.system[0]]);
    t.strictSame(await resolver.resolve4('PUBLIC.test'), [ADDRESS.internet]);
    t.strictSame(await resolver.resolve4('www.public.test'), [ADDRESS.internet]);
    await t.rejects(resolver.resolve6('public.test'), { code: 'ENODATA' });
    await t.rejects(resolver.resolve4('nobody.test'), { code: 'ENOTFOUND' });
    await t.rejects(resolver.resolve4('servfail.test'), { code: 'ESERVFAIL' });
    await t.rejects(resolver.resolve4('silent.test'), { code: 'ETIMEOUT' });
    servers.system.records['new.test'] = ['192.0.2.1', '2001:db8::1'];
    t.strictSame(await resolver.resolve6('new.test'), ['2001:db8::1']);
    t.match(readQuestions(servers.system.questionLog).slice(-1), [
      { name: 'new.test', type: 'AAAA', over: 'udp', via: null },
    ]);
  },
);

void t.test('a resolver of the tailnet does not answer over UDP', async (t) => {
  const resolver = new Resolver({ timeout: 300, tries: 1 });
  resolver.setServers([RESOLVERS.overSubnet[0]]);
  await t.rejects(resolver.resolve4('wiki.lab.test'));
  t.strictSame(readQuestions(servers.overSubnet.questionLog), []);
});
