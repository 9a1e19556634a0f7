import '../tailnet/inside.ts';
import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { waitFor } from '../support/wait-for.ts';
import { startTailnet } from '../tailnet/tailnet.ts';
import { ADDRESS } from '../tailnet/world.ts';
import { type Spacetail, spacetailFor } from './spacetail.ts';
import { readMetrics } from './views.ts';

// It kills and moves nodes: a tailnet of its own.
t.setTimeout(240_000);
const tailnet = await startTailnet();
t.teardown(() => tailnet.stop());
const { facts } = tailnet;
const { http: port } = facts.tailnetOrigin;

/** Half of the connect timeout: what ends sooner did not wait for it. */
const AHEAD_MS = 7_500;

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly proxyStatus: string;
  readonly tookMs: number;
}

/** One request through the bridge, timed. */
async function get(spacetail: Spacetail, url: string): Promise<Answer> {
  const done = await spacetail.curl('-i', '-w', '\n%{time_total}', url);
  const [head = '', ...rest] = done.stdout.split('\r\n\r\n');
  const lines = rest.join('\r\n\r\n').split('\n');
  const seconds = Number(lines.pop());
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0),
    body: lines.join('\n'),
    proxyStatus: /^proxy-status: (.*)$/im.exec(head)?.[1] ?? '',
    tookMs: seconds * 1000,
  };
}

const spacetail = await spacetailFor(t, facts, { TS_HOSTNAME: 'names' });
await spacetail.up();

/** The line of the last request; lines are written in batches. */
async function lastLine() {
  const status = await spacetail.cli(['status', '--json']);
  const { counters } = JSON.parse(status.stdout) as { counters: { requests: number } };
  return await waitFor(() => spacetail.accessLog()[counters.requests - 1], {
    what: 'its log line',
  });
}

const reached: [title: string, host: string, via: string, source: string, route: string][] = [
  ['a short name', 'web', 'web', 'status', 'tailnet'],
  ['an FQDN', 'web.tail.test', 'web', 'status', 'tailnet'],
  ['an FQDN with its dot', 'web.tail.test.', 'web', 'status', 'tailnet'],
  ['a name in upper case', 'WEB.Tail.Test', 'web', 'status', 'tailnet'],
  ['an IPv4 literal', ADDRESS.web, 'web', 'literal', 'tailnet'],
  ['an IPv6 literal', `[${ADDRESS.web6}]`, 'web', 'literal', 'tailnet'],
  ['an address behind the subnet router', ADDRESS.subnet, 'router', 'literal', 'subnet'],
  ['an extra record of type A', 'a.apps.test', 'web', 'extra-records', 'tailnet'],
  ['an extra record of type AAAA', 'aaaa.apps.test', 'web', 'extra-records', 'tailnet'],
  ['an extra record without a type', 'plain.apps.test', 'web', 'extra-records', 'tailnet'],
  ['split DNS whose resolver is a node', 'wiki.corp.test', 'web', 'split-dns', 'tailnet'],
  ['split DNS, an alias', 'alias.corp.test', 'web', 'split-dns', 'tailnet'],
  ['split DNS that leads behind the router', 'subnet.corp.test', 'router', 'split-dns', 'subnet'],
  ['split DNS whose resolver is behind the router', 'wiki.lab.test', 'web', 'split-dns', 'tailnet'],
  ['a search domain', 'wiki', 'web', 'search', 'tailnet'],
  ['4via6, short', '198-51-100-80-via-7', 'router', '4via6', 'subnet'],
  ['4via6, FQDN', '198-51-100-80-via-7.tail.test', 'router', '4via6', 'subnet'],
];

for (const [title, host, via, source, route] of reached) {
  void t.test(`reached through the tailnet, by the right node: ${title}`, async (t) => {
    const answer = await get(spacetail, `http://${host}:${port}/echo`);
    t.equal(answer.status, 200, answer.body);
    t.match(JSON.parse(answer.body), { via });
    t.match(await lastLine(), { name_source: source, route, status: 200, error: null });
    const written = host.replaceAll(/^\[|\]$|\.$/g, '').toLowerCase();
    t.same(tailnet.systemQuestions(written), [], 'the system resolver was not asked');
  });
}

void t.test(
  'a public name goes out by the host network, resolved by the system resolver',
  async (t) => {
    const answer = await get(spacetail, `http://www.public.test:${facts.internetOrigin.http}/echo`);
    t.equal(answer.status, 200);
    t.match(JSON.parse(answer.body), { origin: 'internet' });
    t.match(await lastLine(), { name_source: 'dns', route: 'direct', ip: ADDRESS.internet });
  },
);

void t.test(
  'an offline node is a 503 that names it, long before the connect timeout',
  async (t) => {
    const answer = await get(spacetail, `http://offline:${port}/`);
    t.equal(answer.status, 503);
    t.ok(answer.tookMs < AHEAD_MS, `${answer.tookMs} ms`);
    t.match(answer.body, /^offline\.tail\.test is offline: last seen .* \(tag:offline\)\n/);
    t.match(
      answer.proxyStatus,
      /^spacetail; error=destination_unavailable; details="offline\.tail\.test/,
    );
  },
);

void t.test('a refused port is a 502, long before the connect timeout', async (t) => {
  for (const host of ['web', 'db.tail.test']) {
    const answer = await get(spacetail, `http://${host}:1/`);
    t.equal(answer.status, 502, answer.body);
    t.match(answer.proxyStatus, /error=connection_refused/);
    t.ok(answer.tookMs < AHEAD_MS, `${host}: ${answer.tookMs} ms`);
  }
});

void t.test(
  'an unknown name of the tailnet is a 502 that offers near ones, and nobody is asked',
  async (t) => {
    const answer = await get(spacetail, 'http://wbe.tail.test/');
    t.equal(answer.status, 502);
    t.match(answer.proxyStatus, /error=dns_error/);
    t.match(answer.body, /web/);
    t.same(tailnet.systemQuestions('wbe.tail.test'), []);
  },
);

void t.test('an unknown public name is a 502, a silent resolver a 504', async (t) => {
  t.match(await get(spacetail, 'http://nosuch.public.test/'), {
    status: 502,
    proxyStatus: /error=dns_error/,
  });
  const silent = await get(spacetail, 'http://silent.test/');
  t.match(silent, { status: 504, proxyStatus: /error=dns_timeout/ });
});

void t.test(
  'a split-DNS resolver that is silent or fails never leads to the public namesake',
  async (t) => {
    for (const host of ['silent.corp.test', 'servfail.corp.test', 'nosuch.corp.test']) {
      const answer = await get(spacetail, `http://${host}/`);
      t.ok([502, 504].includes(answer.status), `${host}: ${answer.status} ${answer.body}`);
      t.same(tailnet.systemQuestions(host), []);
    }
  },
);

void t.test('50 names on a silent resolver do not delay a live one', async (t) => {
  const slow = Array.from({ length: 50 }, async (_, index) =>
    get(spacetail, `http://n${index}.silent.test/`),
  );
  const live = await get(spacetail, `http://public.test:${facts.internetOrigin.http}/`);
  t.equal(live.status, 200, live.body);
  await Promise.all(slow);
  await lastLine();
  const dnsMs = (host: string): number[] =>
    spacetail
      .accessLog()
      .filter((line) => line['host'].endsWith(host))
      .map((line) => Number(line['dns_ms']));
  const silentMs = dnsMs('.silent.test');
  t.equal(silentMs.length, 50);
  const [liveMs = Infinity] = dnsMs('public.test').slice(-1);
  t.ok(
    liveMs < Math.min(...silentMs),
    `${liveMs} ms, the others ${Math.min(...silentMs)} and more`,
  );
});

void t.test(
  'an address of the tailnet that nobody has never leaves by the host network',
  async (t) => {
    const answer = await get(spacetail, 'http://100.99.99.99/');
    t.ok([502, 503].includes(answer.status), answer.body);
    t.match(await lastLine(), { route: 'tailnet' });
  },
);

void t.test(
  'a request to the bridge itself, by any of the names of this host, is a loop',
  async (t) => {
    const own = await spacetail.cli(['status', '--json']);
    const { node } = JSON.parse(own.stdout) as { node: { addresses: string[] } };
    for (const host of [
      '127.0.0.1',
      '0x7f.1',
      'localhost',
      '192.0.2.10',
      node.addresses[0],
      'names',
    ]) {
      const answer = await get(spacetail, `http://${host}:${spacetail.httpPort}/`);
      t.equal(answer.status, 502, `${host}: ${answer.body}`);
      t.match(answer.proxyStatus, /error=proxy_loop_detected/);
    }
  },
);

void t.test('special addresses are denied in every spelling', async (t) => {
  for (const host of [
    '127.0.0.1',
    '0x7f.1',
    '2130706433',
    '127.1',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '169.254.1.1',
    '127-0-0-1-via-7',
  ]) {
    const answer = await get(spacetail, `http://${host}:22/`);
    t.match(answer, { status: 403, proxyStatus: /error=destination_ip_prohibited/ }, host);
    t.match(answer.body, /SPACETAIL_ALLOW_LOCAL/, host);
  }
});

void t.test('explain and resolve tell the whole decision', async (t) => {
  const resolved = await spacetail.cli(['resolve', 'wiki.corp.test']);
  t.match(resolved, { code: 0, stdout: /split-dns: 100\.64\.0\.2/ });
  const wrong = await spacetail.cli(['resolve', 'wbe']);
  t.match(wrong, { code: 1, stdout: /nearest.*web/ });
  const passes = await spacetail.cli(['explain', `http://web:${port}/path`, '--dial', '--json']);
  t.equal(passes.code, 0, passes.stderr);
  t.match(JSON.parse(passes.stdout), {
    passes: true,
    name_source: 'status',
    peer: 'web.tail.test',
    route: 'tailnet',
    policy: { decision: 'allow' },
    status: 200,
  });
  t.match(await spacetail.cli(['explain', '127.0.0.1:22']), { code: 1, stdout: /loopback/ });
  t.match(await spacetail.cli(['explain', 'web:1', '--dial']), { code: 1, stdout: /502.*refused/ });
});

void t.test(
  'a node that joins after up is resolved as tailscaled tells of it, and answers',
  async (t) => {
    const late = await tailnet.joinNode('late');
    await waitFor(async () => (await spacetail.cli(['resolve', 'late'])).code === 0, {
      // Nothing is polled: without the word of tailscaled it would never be known.
      deadlineMs: 15_000,
      what: 'the name',
    });
    const answer = await get(spacetail, `http://late:${port}/echo`);
    t.equal(answer.status, 200, answer.body);
    t.match(JSON.parse(answer.body), { via: 'late' });

    const before = await late.addresses();
    await late.rejoin();
    const after = await late.addresses();
    t.not(after[0], before[0], 'the node has another address now');
    const again = await waitFor(
      async () => {
        const next = await get(spacetail, `http://late:${port}/echo`);
        return next.status === 200 ? next : undefined;
      },
      { deadlineMs: 15_000, what: 'the node at its new address' },
    );
    t.match(JSON.parse(again.body), { via: 'late' });
    const { ip } = await lastLine();
    t.ok(
      after.includes(String(ip)),
      `${String(ip)}: all of its addresses are raced, and it has no other`,
    );
    await late.stop();
  },
);

void t.test(
  'tailscaled killed: public answers at once, the tailnet is a 503, then works again',
  async (t) => {
    const status = async () =>
      JSON.parse((await spacetail.cli(['status', '--json'])).stdout) as {
        tailscaled: { pid: number; restarts: number };
        state: string;
      };
    const { pid } = (await status()).tailscaled;
    const tunnel = connect(spacetail.httpPort, '127.0.0.1');
    tunnel.write(`CONNECT web:${facts.tailnetOrigin.echo} HTTP/1.1\r\nHost: web\r\n\r\n`);
    await once(tunnel, 'data');
    process.kill(pid, 'SIGKILL');
    await once(tunnel, 'close');
    const publicNow = await get(spacetail, `http://public.test:${facts.internetOrigin.http}/`);
    t.equal(publicNow.status, 200);
    // That tailscaled is still down for these tells that the public answer did not wait for it.
    for (const host of ['web', ADDRESS.web, ADDRESS.subnet, 'wiki.corp.test', 'nosuch.tail.test']) {
      const answer = await get(spacetail, `http://${host}:${port}/`);
      t.equal(answer.status, 503, `${host}: ${answer.body}`);
      t.match(answer.proxyStatus, /error=destination_unavailable/);
    }
    t.same(tailnet.systemQuestions('wiki.corp.test'), []);
    const back = await waitFor(
      async () => {
        const answer = await get(spacetail, `http://web:${port}/echo`);
        return answer.status === 200 ? answer : undefined;
      },
      { deadlineMs: 30_000, what: 'the tailnet after the restart' },
    );
    t.match(JSON.parse(back.body), { via: 'web' });
    // Before anybody asks for the status.
    const restarts = (await readMetrics(spacetail)).find(
      ({ name }) => name === 'spacetail_tailscaled_restarts_total',
    );
    t.equal(restarts?.value, 1);
    t.match(await status(), { state: 'running', tailscaled: { restarts: 1 } });
  },
);
