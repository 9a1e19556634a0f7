import t from 'tap';
import { LocalApi } from '../../../src/dns/local-api/local-api.ts';
import { dnsMessage } from '../../support/dns-server.ts';
import { startFakeLocalApi } from '../../support/fake-local-api.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';

const soon = () => AbortSignal.timeout(20_000);

void t.test('status, preferences and DNS configuration are read', async (t) => {
  const fake = await startFakeLocalApi(tmpFolder(t));
  t.teardown(() => fake[Symbol.asyncDispose]());
  const api = new LocalApi(fake.socketPath);
  fake.answer('status', { BackendState: 'Running' });
  fake.answer('prefs', { RouteAll: true, CorpDNS: false, ExitNodeID: 'n1', ExitNodeIP: '' });
  fake.answer('dns-config', { Routes: { 'corp.test': [{ Addr: '10.0.0.53' }] } });
  t.equal(Buffer.from(await api.status(soon())).toString(), '{"BackendState":"Running"}');
  t.same(await api.prefs(soon()), { routeAll: true, corpDns: false, exitNode: 'n1' });
  const config = await api.dnsConfig(soon());
  t.ok(config !== undefined && config !== 'unsupported' && config.splitSuffixes.has('corp.test'));
});

void t.test(
  'an older tailscaled without dns-config, and one without a netmap, are told apart',
  async (t) => {
    const fake = await startFakeLocalApi(tmpFolder(t));
    t.teardown(() => fake[Symbol.asyncDispose]());
    const api = new LocalApi(fake.socketPath);
    t.equal(await api.dnsConfig(soon()), 'unsupported');
    fake.answer('dns-config', 'no netmap', 503);
    t.equal(await api.dnsConfig(soon()), undefined);
    fake.answer('dns-config', 'access denied', 403);
    await t.rejects(api.dnsConfig(soon()), {
      code: 'local_api_failed',
      message: 'tailscaled answers 403 to dns-config: access denied',
    });
  },
);

void t.test('answers that make no sense, and none at all, are one clear error', async (t) => {
  const folder = tmpFolder(t);
  const nobody = new LocalApi(`${folder}/absent.sock`);
  await t.rejects(nobody.prefs(soon()), {
    code: 'local_api_failed',
    message: /does not answer: .*ENOENT/,
  });
  const fake = await startFakeLocalApi(folder);
  t.teardown(() => fake[Symbol.asyncDispose]());
  const api = new LocalApi(fake.socketPath);
  for (const junk of ['', 'x', '[]', 'null']) {
    fake.answer('prefs', junk);
    await t.rejects(api.prefs(soon()), { code: 'local_api_failed', message: /no JSON object/ });
  }
  fake.handlers.set('prefs', (request) => request.socket.destroy());
  await t.rejects(api.prefs(soon()), { code: 'local_api_failed' });
  fake.answer('prefs', 'x'.repeat(2 << 20));
  await t.rejects(api.prefs(soon()), { message: /larger than/ });
});

void t.test('a call ends with its signal, whatever tailscaled does', async (t) => {
  const fake = await startFakeLocalApi(tmpFolder(t));
  t.teardown(() => fake[Symbol.asyncDispose]());
  fake.handlers.set('prefs', () => {});
  await t.rejects(new LocalApi(fake.socketPath).prefs(AbortSignal.timeout(50)), {
    name: 'TimeoutError',
  });
  await t.rejects(new LocalApi(fake.socketPath).prefs(AbortSignal.abort(new Error('enough'))), {
    message: 'enough',
  });
});

void t.test('dns-query: the message, the resolvers, and every way to get none', async (t) => {
  const fake = await startFakeLocalApi(tmpFolder(t));
  t.teardown(() => fake[Symbol.asyncDispose]());
  const api = new LocalApi(fake.socketPath);
  const ask = () => api.dnsQuery('a b&c.corp', 'AAAA', soon());
  t.match(await ask(), { kind: 'unsupported', detail: /no dns-query/ });
  const message = dnsMessage(1, 'x.corp', 'A', {});
  fake.answer('dns-query', {
    Bytes: message.toString('base64'),
    Resolvers: [{ Addr: '10.0.0.53' }, null],
  });
  const reply = await ask();
  t.same(reply, { kind: 'answer', message, resolvers: ['10.0.0.53', ''] });
  t.equal(fake.asked.at(-1), 'GET dns-query?name=a%20b%26c.corp&type=AAAA', 'the name is encoded');
  fake.answer('dns-query', { Bytes: 7 });
  t.match(await ask(), { kind: 'failed' });
  fake.answer('dns-query', 'context deadline exceeded', 500);
  t.same(await ask(), { kind: 'failed', detail: 'context deadline exceeded' });
  fake.answer('dns-query', 'dns-query access denied', 403);
  t.match(await ask(), { kind: 'unsupported', detail: /refuses dns-query/ });
  await fake.close();
  t.match(await ask(), { kind: 'down' });
});

void t.test('whois names the peer behind a connection, IPv6 in brackets', async (t) => {
  const fake = await startFakeLocalApi(tmpFolder(t));
  t.teardown(() => fake[Symbol.asyncDispose]());
  const api = new LocalApi(fake.socketPath);
  t.equal(await api.whois('127.0.0.1', 4711, soon()), undefined);
  fake.answer('whois', { Node: { Name: 'Web.tail1.ts.net.' } });
  t.equal(await api.whois('::1', 4711, soon()), 'web.tail1.ts.net');
  t.equal(fake.asked.at(-1), 'GET whois?proto=tcp&addr=%5B%3A%3A1%5D%3A4711');
  fake.answer('whois', { Node: null });
  t.equal(await api.whois('127.0.0.1', 1, soon()), 'a peer');
});

void t.test('a whois that fails is not taken for a connection without a peer', async (t) => {
  const fake = await startFakeLocalApi(tmpFolder(t));
  t.teardown(() => fake[Symbol.asyncDispose]());
  const api = new LocalApi(fake.socketPath);
  fake.answer('whois', 'no match for IP:port', 404);
  t.equal(await api.whois('127.0.0.1', 1, soon()), undefined);
  for (const status of [403, 500, 503]) {
    fake.answer('whois', 'busy', status);
    await t.rejects(api.whois('127.0.0.1', 1, soon()), { code: 'local_api_failed' });
  }
  await fake.close();
  await t.rejects(api.whois('127.0.0.1', 1, soon()), { code: 'local_api_failed' });
});

void t.test('logout is a POST that answers 204', async (t) => {
  const fake = await startFakeLocalApi(tmpFolder(t));
  t.teardown(() => fake[Symbol.asyncDispose]());
  fake.answer('logout', '', 204);
  await new LocalApi(fake.socketPath).logout(soon());
  t.same(fake.asked, ['POST logout']);
});

void t.test('the bus ticks at each notification and ends when tailscaled does', async (t) => {
  const fake = await startFakeLocalApi(tmpFolder(t));
  t.teardown(() => fake[Symbol.asyncDispose]());
  let ticks = 0;
  for await (const _tick of new LocalApi(fake.socketPath).watch(20610, soon())) {
    if (++ticks === 1) fake.notify({ SelfChange: { Name: 'x'.repeat(300_000) } });
    if (ticks === 2) void fake.close();
  }
  t.equal(ticks, 2, 'a long line is one tick');
  t.match(fake.asked, ['GET watch-ipn-bus?mask=20610']);
});

void t.test(
  'a bus that is refused says so, one that is aborted ends with the reason',
  async (t) => {
    const fake = await startFakeLocalApi(tmpFolder(t));
    t.teardown(() => fake[Symbol.asyncDispose]());
    const api = new LocalApi(fake.socketPath);
    const drain = async (signal: AbortSignal) => {
      for await (const _tick of api.watch(20610, signal));
    };
    await t.rejects(drain(AbortSignal.timeout(60)), { name: 'TimeoutError' });
    fake.answer('watch-ipn-bus', 'no', 403);
    await t.rejects(drain(soon()), {
      code: 'local_api_failed',
      message: 'tailscaled answers 403 to watch-ipn-bus',
    });
  },
);

void t.test('before 1.98 the DNS configuration comes with the first notification', async (t) => {
  const fake = await startFakeLocalApi(tmpFolder(t));
  t.teardown(() => fake[Symbol.asyncDispose]());
  const api = new LocalApi(fake.socketPath);
  const line = JSON.stringify({
    NetMap: { DNS: { Domains: ['corp.test'] }, Junk: 'x'.repeat(200_000) },
  });
  fake.handlers.set(
    'watch-ipn-bus',
    (_request, response) => void response.writeHead(200).write(`${line}\n{"more":1}\n`),
  );
  t.same((await api.netmapDnsConfig(soon()))?.searchDomains, ['corp.test']);
  t.match(fake.asked, ['GET watch-ipn-bus?mask=8']);
  fake.handlers.set('watch-ipn-bus', (_request, response) => void response.writeHead(200).end());
  t.equal(await api.netmapDnsConfig(soon()), undefined);
});
