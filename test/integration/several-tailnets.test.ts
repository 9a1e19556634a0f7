import '../tailnet/inside.ts';
import { readdirSync } from 'node:fs';
import t from 'tap';
import { rawClient } from '../support/bridge.ts';
import { waitFor } from '../support/wait-for.ts';
import { startTailnet } from '../tailnet/tailnet.ts';
import { ADDRESS } from '../tailnet/world.ts';
import { spacetailFor } from './spacetail.ts';

// Two control servers that know nothing of each other: both hand out 100.64.0.2, both have a node `web`.
t.setTimeout(280_000);
const prod = await startTailnet();
t.teardown(() => prod.stop());
const partner = await startTailnet({ name: 'partner' });
t.teardown(() => partner.stop());

const both = {
  SPACETAIL_TAILNETS: 'prod,partner',
  TS_AUTH_KEY: '',
  TS_EXTRA_ARGS: '',
  TS_AUTHKEY_PROD: prod.facts.authKey,
  TS_EXTRA_ARGS_PROD: `--login-server=${prod.facts.loginServer}`,
  TS_AUTHKEY_PARTNER: partner.facts.authKey,
  TS_EXTRA_ARGS_PARTNER: `--login-server=${partner.facts.loginServer}`,
};
/** One origin is enough: what counts is whose node carried the request to it. */
const { http: port } = prod.facts.tailnetOrigin;
const spacetail = await spacetailFor(t, prod.facts, { ...both, TS_HOSTNAME: 'ci' });
const up = await spacetail.up();

async function viaOf(host: string): Promise<string> {
  const done = await spacetail.curl('-p', `http://${host}:${port}/echo`);
  if (done.code !== 0) return `curl exit ${done.code}: ${done.stderr}`;
  return String((JSON.parse(done.stdout) as { via?: string }).via);
}

async function lastLine() {
  const { counters } = await status();
  return await waitFor(() => spacetail.accessLog()[counters.requests - 1], {
    what: 'its log line',
  });
}

interface Status {
  state: string;
  counters: { requests: number };
  tailnets: { name: string; state: string; tailscaled: { pid: number; restarts: number } }[];
}

async function status(): Promise<Status> {
  return JSON.parse((await spacetail.cli(['status', '--json'])).stdout) as Status;
}

void t.test('both have the same addresses and a node of the same name', async (t) => {
  t.equal(prod.facts.nodes['web']?.addresses[0], ADDRESS.web);
  t.equal(partner.facts.nodes['web']?.addresses[0], ADDRESS.web);
  t.match(up.stderr, /joining prod as ci .*\n.*joining partner as ci /);
  t.match(up.stderr, /up as \S+ \(.*\), 4 peers in prod, \S+ \(.*\), 4 peers in partner, HTTP/);
});

void t.test('nothing crosses over, whatever a host is written as', async (t) => {
  const cases: [host: string, via: string, tailnet: string][] = [
    ['web', 'web', 'prod'],
    ['web.tail.test', 'web', 'prod'],
    ['web.partner.test', 'partner/web', 'partner'],
    ['db.partner.test', 'partner/db', 'partner'],
    [ADDRESS.web, 'web', 'prod'],
    [`[${ADDRESS.web6}]`, 'web', 'prod'],
    [`partner!${ADDRESS.web}`, 'partner/web', 'partner'],
    ['partner!web', 'partner/web', 'partner'],
    ['prod!web', 'web', 'prod'],
    [ADDRESS.subnet, 'router', 'prod'],
    [`partner!${ADDRESS.subnet}`, 'partner/router', 'partner'],
  ];
  for (const [host, via, tailnet] of cases) {
    const where = host.includes(ADDRESS.subnet) ? prod.facts.subnetOrigin.http : port;
    const done = await spacetail.cli(['explain', `${host}:${where}`, '--json']);
    t.match(JSON.parse(done.stdout), { passes: true, tailnet }, `explain ${host}`);
    if (host.includes('!')) continue;
    t.equal(await viaOf(host), via, host);
    t.match(await lastLine(), { tailnet, status: 200 }, host);
  }
});

void t.test('nc and CONNECT take the tailnet before the host', async (t) => {
  for (const [tailnet, via] of [
    ['partner', 'partner/web'],
    ['prod', 'web'],
  ]) {
    const request = `printf 'GET /echo HTTP/1.1\\r\\nHost: web\\r\\nConnection: close\\r\\n\\r\\n'`;
    const script = `${request} | spacetail nc '${tailnet}!${ADDRESS.web}' ${port}`;
    const done = await spacetail.through(['sh', '-c', script]);
    t.match(done.stdout, `"via":"${via}"`, done.stderr);
    t.match(await lastLine(), { tailnet, host: ADDRESS.web });
  }
});

void t.test('so does SOCKS5; a URL has no place for it, and says so', async (t) => {
  const request = 'GET /echo HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n';
  for (const [host, via, tailnet] of [
    ['partner!web', 'partner/web', 'partner'],
    [`partner!${ADDRESS.web6}`, 'partner/web', 'partner'],
    ['prod!web', 'web', 'prod'],
    [ADDRESS.web6, 'web', 'prod'],
  ] as const) {
    const greeting = [5, 1, 0, 5, 1, 0, 3, host.length, ...Buffer.from(host)];
    const bytes = Buffer.from([...greeting, port >> 8, port & 255]);
    const client = await rawClient(spacetail.socksPort, bytes);
    // eslint-disable-next-line no-control-regex -- the two answers of SOCKS5, as latin1
    await client.until(/^\x05\0\x05\0\0\x01\0{6}/);
    client.socket.write(request);
    t.match(await client.until(/"via":"[^"]*"/), `"via":"${via}"`, host);
    client.socket.destroy();
    t.match(await lastLine(), { tailnet, proto: 'socks5', status: 200 });
  }
  const url = `GET http://partner!web:${port}/ HTTP/1.1\r\nHost: partner!web\r\n\r\n`;
  const refused = await rawClient(spacetail.httpPort, url);
  t.match(await refused.rest(), /^HTTP\/1.1 400 [^]*no place for the name of a tailnet/);
  refused.socket.destroy();
});

void t.test('a name in two is told, and an address once as a warning', async (t) => {
  const name = await spacetail.cli(['explain', `web:${port}`]);
  t.match(name.stdout, /partner has it too/);
  t.match(name.stdout, /tailnet\s+prod/);
  const log = await spacetail.through(['cat', `${spacetail.runtimeDir}/spacetail.log`]);
  const told = log.stdout
    .split('\n')
    .filter((line) => line.includes(`${ADDRESS.web} is an address in`));
  t.equal(told.length, 1);
});

void t.test('one tailscaled killed: tunnels of the other go on', async (t) => {
  const before = await status();
  const pidOf = (name: string, now: Status) =>
    now.tailnets.find((one) => one.name === name)?.tailscaled.pid ?? 0;
  const running = spacetail.curl('-p', `http://web.partner.test:${port}/drip/40?everyMs=100`);
  await waitFor(async () => (await status()).counters.requests > before.counters.requests, {
    what: 'the tunnel',
  });
  process.kill(pidOf('prod', before), 'SIGKILL');
  const gone = await spacetail.curl('-p', `http://web.tail.test:${port}/echo`);
  t.not(gone.code, 0, 'its own names are not reached by another way');
  const done = await running;
  t.equal(done.code, 0, done.stderr);
  t.equal(done.stdout.trim().split('\n').length, 40);
  const restarted = async (): Promise<boolean> => (await status()).state === 'running';
  await waitFor(restarted, { what: 'prod joined again' });
  t.equal(pidOf('partner', await status()), pidOf('partner', before));
  t.equal(await viaOf('web'), 'web');
});

void t.test('another list changes nothing and is told; down leaves both', async (t) => {
  const again = await spacetail.up({ SPACETAIL_TAILNETS: 'prod' });
  t.match(again.stderr, /already up.*\n.*the run has the tailnets prod, partner/s);
  t.equal((await status()).tailnets.length, 2);
  const down = await spacetail.cli(['down', '--strict']);
  t.equal(down.code, 0, down.stderr);
  const left = readdirSync(spacetail.runtimeDir).filter((name) => /\.(sock|pid|home)$/.test(name));
  t.same(left, []);
  const ours = async (from: typeof prod) =>
    (await from.control.listNodes()).filter(({ givenName }) => givenName.startsWith('ci'));
  t.same(await ours(partner), []);
  // The one that was killed could not log out: headscale forgets it later.
  t.equal((await ours(prod)).length, 1);
});

void t.test('what a run learned names the tailnets, and allows that and no more', async (t) => {
  const learn = { SPACETAIL_POLICY_MODE: 'learn' };
  await spacetail.up(learn);
  t.equal(await viaOf('web.partner.test'), 'partner/web');
  t.equal(await viaOf('web'), 'web');
  const overview = await (await fetch(`${spacetail.proxy}/events`)).body?.getReader().read();
  t.match(
    Buffer.from(overview?.value ?? []).toString(),
    /"tailnet":"partner","name":"web.partner.test"/,
  );
  const down = await spacetail.cli(['down']);
  const [, rules = ''] = /SPACETAIL_ALLOW='([^']*)'/.exec(down.stderr) ?? [];
  t.equal(rules, `partner!web.partner.test:${port},prod!web.tail.test:${port}`, down.stderr);
  await spacetail.up({ SPACETAIL_ALLOW: rules });
  t.equal(await viaOf('web.partner.test'), 'partner/web');
  t.equal(await viaOf('web'), 'web');
  t.match(await viaOf('db.partner.test'), /403/);
  await spacetail.cli(['down']);
});

void t.test('one that fails to join fails up, unless it is optional', async (t) => {
  const wrong = { TS_AUTHKEY_PARTNER: 'not-a-key' };
  const failed = await spacetail.cli(['up'], wrong);
  t.equal(failed.code, 1);
  t.match(failed.stderr, /partner: step login/);
  t.same(
    readdirSync(spacetail.runtimeDir).filter((name) => /\.(sock|pid|home)$/.test(name)),
    [],
  );

  const optional = { ...wrong, SPACETAIL_OPTIONAL_TAILNETS: 'partner' };
  const up = await spacetail.cli(['up'], optional);
  t.equal(up.code, 0, up.stderr);
  t.match(
    up.stderr,
    /the optional tailnet was not joined; it is tried again in the background: partner: step login/,
  );
  t.match(await status(), {
    state: 'degraded',
    tailnets: [{ state: 'running' }, { state: 'degraded' }],
  });
  t.equal((await spacetail.cli(['up'], optional)).code, 0, 'the next phase goes on, too');
  t.equal(await viaOf('web'), 'web');
  const outside = await spacetail.curl(`http://public.test:${prod.facts.internetOrigin.http}/`);
  t.match(outside.stdout, /hello from internet/);
  const unknown = await spacetail.curl(`http://nosuch:${port}/`);
  t.match(unknown.stdout, /cannot be told from a host of the tailnet partner/);
  await spacetail.cli(['down']);
});

void t.test('two names for one tailnet are refused', async (t) => {
  const same = await spacetail.cli(['up'], {
    TS_AUTHKEY_PARTNER: prod.facts.authKey,
    TS_EXTRA_ARGS_PARTNER: both.TS_EXTRA_ARGS_PROD,
  });
  t.equal(same.code, 2, same.stderr);
  t.match(same.stderr, /prod and partner are the same tailnet/);
});
