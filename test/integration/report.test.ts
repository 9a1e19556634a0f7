import '../tailnet/inside.ts';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import t from 'tap';
import { buildGoClient } from '../demo/go-client.ts';
import {
  countingHttpOrigin,
  countingTunnelOrigin,
  type CountingOrigin,
} from '../support/counting-origin.ts';
import { waitFor } from '../support/wait-for.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { isBesideIdle } from './beside-idle.ts';
import { type Spacetail, spacetailFor } from './spacetail.ts';
import * as views from './views.ts';

t.setTimeout(240_000);
const tailnet = await useTailnet(t);
const { facts } = tailnet;
const certificates = dirname(facts.caFile);
const tls = { certFile: `${certificates}/server.pem`, keyFile: `${certificates}/server.key` };
const go = await buildGoClient();

const none = { requests: 0, errors: 0, denied: 0, wouldDeny: 0, bytesUp: 0, bytesDown: 0 };
type Test = Pick<typeof t, 'same' | 'equal' | 'match'>;
type Decision = 'allow' | 'deny' | 'would_deny';

/** What the run's programs talk to; each destination has an origin of its own. */
async function startOrigins(t: { teardown(action: () => unknown): unknown }) {
  return {
    web: await countingHttpOrigin(t),
    webTunnel: await countingTunnelOrigin(t),
    webSecure: await countingTunnelOrigin(t, tls),
    db: await countingHttpOrigin(t),
    dbTunnel: await countingTunnelOrigin(t),
  };
}
type Origins = Awaited<ReturnType<typeof startOrigins>>;

/** A Go client, and curl by every door, some of it to nobody and to a name that does not exist. */
async function talk(spacetail: Spacetail, origins: Origins) {
  const { web, webTunnel, webSecure, db, dbTunnel } = origins;
  const url = (host: string, { port }: CountingOrigin, path: string) =>
    `http://${host}:${port}${path}`;
  const socks = `socks5h://127.0.0.1:${spacetail.socksPort}`;
  await spacetail.through([go, ...[1000, 0, 70_000].map((n) => url('web', web, `/bytes/${n}`))]);
  await spacetail.through([go, `https://web.tail.test:${webSecure.port}/bytes/5000`], {
    SSL_CERT_FILE: facts.caFile,
  });
  await spacetail.curl('--data-binary', 'x'.repeat(5000), url('web', web, '/bytes/7'));
  await spacetail.curl('--proxytunnel', url('web', webTunnel, '/bytes/300000'));
  await spacetail.curl('-x', socks, url('web', webTunnel, '/bytes/20'));
  // What the rules of a run leave out: by all three doors.
  const byGo = await spacetail.through([go, url('db', db, '/bytes/11')]);
  const byCurl = await spacetail.curl('-i', url('db', db, '/bytes/11'));
  const byTunnel = await spacetail.curl('--proxytunnel', url('db', dbTunnel, '/bytes/12'));
  const bySocks = await spacetail.curl('-x', socks, url('db', dbTunnel, '/bytes/13'));
  // What fails for another reason than a rule.
  await spacetail.curl('http://web:1/');
  await spacetail.through(['curl', '-sS', 'https://web:1/']);
  await spacetail.curl('http://nosuch.tail.test/');
  return { byGo, byCurl, byTunnel, bySocks };
}
const requestsOfTalk = 14;

/** Each destination of `talk` with what its origin counted; `decision` is that on db. */
async function countedBy(origins: Origins, decision: Decision): Promise<views.Sums> {
  const sums: views.Sums = {};
  const hosts = { webSecure: 'web.tail.test', db: 'db', dbTunnel: 'db' } as Record<string, string>;
  for (const [name, origin] of Object.entries(origins)) {
    await waitFor(() => origin.openConnections() === 0, { what: 'the end of the connections' });
    const isOfDb = name.startsWith('db');
    const isRefused = isOfDb && decision === 'deny';
    const counted = { ...none, ...origin.counted() };
    sums[`${hosts[name] ?? 'web'}:${origin.port}`] = {
      ...counted,
      // A refused request reaches no origin.
      requests: counted.requests + (isRefused ? 2 : 0),
      denied: isRefused ? 2 : 0,
      wouldDeny: isOfDb && decision === 'would_deny' ? 2 : 0,
    };
  }
  sums['web:1'] = { ...none, requests: 2, errors: 2 };
  sums['nosuch.tail.test:80'] = { ...none, requests: 1, errors: 1 };
  return sums;
}

/** All four views say of the run what the origins say. */
async function compareViews(
  t: Test,
  spacetail: Spacetail,
  page: views.EventView,
  counted: views.Sums,
): Promise<void> {
  const report = await waitFor(
    async () => {
      const now = await views.readReport(spacetail);
      return now.totals.requests >= requestsOfTalk ? now : undefined;
    },
    { what: 'the report of all requests' },
  );
  await page.until(requestsOfTalk);
  await waitFor(() => spacetail.accessLog().length >= requestsOfTalk, { what: 'all log lines' });
  t.same(views.sumsOfReport(report), counted, 'report');
  t.same(views.sumsOfLog(spacetail), counted, 'access log');
  t.same(page.sums(), counted, 'page');
  const metrics = await views.readMetrics(spacetail);
  t.same(views.sumsOfMetrics(metrics), views.byHost(counted), 'metrics by host');
  const sum = (name: keyof views.Sum) =>
    Object.values(counted).reduce((total, of) => total + of[name], 0);
  const metric = (name: string, labels: Record<string, string> = {}) =>
    metrics
      .filter((sample) => sample.name === name)
      .filter((sample) =>
        Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
      )
      .reduce((total, { value }) => total + value, 0);
  t.equal(metric('spacetail_requests_total'), requestsOfTalk);
  t.equal(metric('spacetail_requests_total', { decision: 'deny' }), sum('denied'));
  t.equal(metric('spacetail_requests_total', { decision: 'would_deny' }), sum('wouldDeny'));
  t.equal(metric('spacetail_transferred_bytes_total', { direction: 'up' }), sum('bytesUp'));
  t.equal(metric('spacetail_transferred_bytes_total', { direction: 'down' }), sum('bytesDown'));
  t.equal(metric('spacetail_request_errors_total', { error: 'connection_refused' }), 2);
  t.equal(metric('spacetail_request_errors_total', { error: 'dns_error' }), 1);
  t.equal(
    metric('spacetail_request_errors_total', { error: 'http_request_denied' }),
    sum('denied'),
  );
  t.match(report.totals, {
    requests: requestsOfTalk,
    errors: 3,
    denied: sum('denied'),
    wouldDeny: sum('wouldDeny'),
    bytesUp: sum('bytesUp'),
    bytesDown: sum('bytesDown'),
  });
  const status = JSON.parse((await spacetail.cli(['status', '--json'])).stdout) as object;
  const counters = { requests: requestsOfTalk, denied: sum('denied'), errors: 3, openTunnels: 0 };
  t.match(status, { counters }, 'status');
}

void t.test(
  'enforce: denied requests are a 403 that says what to set, and all views agree',
  async (t) => {
    const origins = await startOrigins(t);
    const spacetail = await spacetailFor(t, facts, { SPACETAIL_ALLOW: 'web nosuch.tail.test' });
    await spacetail.up();
    const page = await views.followEvents(spacetail);
    const { byGo, byCurl, byTunnel, bySocks } = await talk(spacetail, origins);
    const rule = `db:${origins.db.port}`;
    t.match(byGo.stdout, `403 Forbidden ${rule} is denied: no allow rule matches ${rule}`);
    t.match(byGo.stdout, `Add ${rule} to SPACETAIL_ALLOW to allow it.`);
    t.match(
      byCurl.stdout,
      /^HTTP\/1\.1 403 Forbidden\r\n[^]*proxy-status: spacetail; error=http_request_denied/i,
    );
    t.match(byTunnel, { code: 56, stderr: /CONNECT tunnel failed, response 403/ });
    t.match(bySocks, { code: 97, stderr: /\(2\)/ }, 'RFC 1928: not allowed by ruleset');
    await compareViews(t, spacetail, page, await countedBy(origins, 'deny'));
    const lines = spacetail.accessLog();
    for (const line of lines.filter(({ host }) => host === 'db')) {
      t.match(line, { level: 'warn', status: 403, error: 'http_request_denied', route: 'tailnet' });
      t.match(line['policy'], { decision: 'deny', rule: null, mode: 'enforce' });
    }
    const allowed = lines.find(({ host, status }) => host === 'web' && status === 200);
    t.match(allowed?.['policy'], { decision: 'allow', rule: 'web (SPACETAIL_ALLOW[0])' });
    t.match(allowed?.['client'], { exe: go, provider: null });
    page.close();
    const down = await spacetail.cli(['down']);
    t.match(down.stderr, /14 requests, 3 errors, 4 denied/);
    t.match(down.stderr, new RegExp(`db:${origins.db.port} +tailnet +2 +0 +2 `));
    t.ok(
      down.stderr.split('\n').every((line) => line.length <= 100),
      'it fits 100 columns',
    );
    const afterwards = await views.readReport(spacetail);
    t.same(views.sumsOfReport(afterwards), await countedBy(origins, 'deny'), 'the last run');
  },
);

void t.test('report: what would be denied is let through and counted as such', async (t) => {
  const origins = await startOrigins(t);
  const spacetail = await spacetailFor(t, facts, {
    SPACETAIL_DENY: 'db',
    SPACETAIL_POLICY_MODE: 'report',
  });
  await spacetail.up();
  const page = await views.followEvents(spacetail);
  const { byGo, byTunnel, bySocks } = await talk(spacetail, origins);
  t.match(byGo.stdout, '200 OK xxxxxxxxxxx');
  t.match([byTunnel.code, bySocks.code], [0, 0]);
  await compareViews(t, spacetail, page, await countedBy(origins, 'would_deny'));
  for (const line of spacetail.accessLog().filter(({ host }) => host === 'db')) {
    t.match(line, { level: 'info', status: 200, error: null });
    t.match(line['policy'], { decision: 'would_deny', rule: 'db (SPACETAIL_DENY[0])' });
  }
  page.close();
});

void t.test(
  'learn: what down prints passes the same run, and an extra host is denied',
  async (t) => {
    const origins = await startOrigins(t);
    const spacetail = await spacetailFor(t, facts, {
      SPACETAIL_DENY: 'db',
      SPACETAIL_POLICY_MODE: 'learn',
    });
    await spacetail.up();
    await talk(spacetail, origins);
    const down = await spacetail.cli(['down']);
    const [, learned = ''] = /^SPACETAIL_ALLOW='([^']+)'$/m.exec(down.stderr) ?? [];
    const { web, webTunnel, webSecure, db, dbTunnel } = origins;
    const ports = (of: CountingOrigin[]) => of.map(({ port }) => port);
    const tailnet = isBesideIdle ? 'main!' : '';
    const rules = [
      ...ports([web, webTunnel, webSecure])
        .concat(1)
        .map((port) => `${tailnet}web.tail.test:${port}`),
      ...ports([db, dbTunnel]).map((port) => `${tailnet}db.tail.test:${port}`),
      'nosuch.tail.test:80',
    ];
    t.same(learned.split(',').toSorted(), rules.toSorted(), 'one rule for each node and port');

    await spacetail.up({ SPACETAIL_ALLOW: learned, SPACETAIL_DENY: '', SPACETAIL_POLICY_MODE: '' });
    const logged = spacetail.accessLog().length;
    const same = await talk(spacetail, origins);
    t.match(same.byGo, { code: 0, stdout: /^200 OK/ });
    t.match([same.byTunnel.code, same.bySocks.code], [0, 0]);
    const extra = await spacetail.curl('-i', `http://router:${web.port}/bytes/1`);
    t.match(extra.stdout, /^HTTP\/1\.1 403 [^]*Add router:\d+ to SPACETAIL_ALLOW/);
    const port = await spacetail.curl('-i', `http://web:${db.port}/bytes/1`);
    t.match(port.stdout, /^HTTP\/1\.1 403 /, 'and so is another port of a host that may be asked');
    await spacetail.cli(['down']);
    const lines = spacetail.accessLog().slice(logged);
    t.equal(lines.length, requestsOfTalk + 2);
    t.equal(
      lines.filter((line) => (line['policy'] as { decision: string }).decision === 'deny').length,
      2,
    );
  },
);

void t.test('the file for plan policies has the run, and up deletes a stale one', async (t) => {
  const { web, db } = await startOrigins(t);
  const spacetail = await spacetailFor(t, facts, {
    SPACETAIL_ALLOW: 'web',
    TF_VAR_spacelift_run_id: '01RUN',
  });
  const file = `${spacetail.folder}/spacetail.custom.spacelift.json`;
  await spacetail.cli(['report', '--custom-input']);
  t.throws(() => readFileSync(file), 'no run yet');
  await spacetail.up();
  await spacetail.curl(`http://web:${web.port}/bytes/9`, `http://db:${db.port}/bytes/9`);
  const written = await spacetail.cli(['report', '--custom-input']);
  t.match(written, { code: 0, stdout: '' });
  const input = JSON.parse(readFileSync(file, 'utf8')) as { destinations: { host: string }[] };
  const counts = { requests: 1, errors: 0, would_deny: 0, bytes_up: 0 };
  t.match(input, {
    run_id: '01RUN',
    policy_mode: 'enforce',
    complete: true,
    totals: { requests: 2, denied: 1, bytes_down: 9 },
  });
  t.match(
    input.destinations.toSorted((a, b) => (a.host < b.host ? 1 : -1)),
    [
      {
        host: 'web',
        port: web.port,
        route: 'tailnet',
        peer: 'web.tail.test',
        ...counts,
        denied: 0,
        bytes_down: 9,
      },
      {
        host: 'db',
        port: db.port,
        route: 'tailnet',
        peer: 'db.tail.test',
        ...counts,
        denied: 1,
        bytes_down: 0,
      },
    ],
  );
  await spacetail.cli(['down']);
  t.ok(readFileSync(file), 'it stays for after_plan to be read');
  await spacetail.up();
  t.throws(() => readFileSync(file), { code: 'ENOENT' }, 'the next up takes it away');
});
