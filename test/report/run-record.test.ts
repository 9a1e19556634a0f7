import t from 'tap';
import { createRunRecord } from '../../src/report/run-record.ts';
import { isRunSnapshot } from '../../src/report/snapshot.ts';
import { runRequest } from '../support/run-request.ts';

const startedMs = 1_800_000_000_000;
const newRecord = () => createRunRecord({ startedMs, runId: 'run-1', policyMode: 'enforce' });
const refused = {
  status: 403,
  error: 'http_request_denied',
  detail: 'no allow rule matches evil.example:443',
  policy: { decision: 'deny', rule: null, mode: 'enforce' },
  dialMs: null,
} as const;

void t.test(
  'each destination has its own requests, errors, denials, bytes and dials',
  async (t) => {
    const record = newRecord();
    record.add(runRequest({ dialMs: 4 }));
    record.add(runRequest({ dialMs: 6 }));
    record.add(
      runRequest({ dialMs: 100, status: 502, error: 'connection_terminated', bytesDown: 0 }),
    );
    record.add(
      runRequest({ host: 'evil.example', port: 443, ...refused, bytesUp: 0, bytesDown: 0 }),
    );
    record.add(
      runRequest({ policy: { decision: 'would_deny', rule: null, mode: 'report' }, port: 81 }),
    );
    const { destinations, totals, otherDestinations } = record.snapshot(startedMs + 5000);
    t.match(destinations, [
      {
        host: 'web.tail1234.ts.net',
        port: 80,
        requests: 3,
        errors: 1,
        denied: 0,
        bytesUp: 300,
        bytesDown: 2000,
        dialP50Ms: 6,
        dialMaxMs: 100,
      },
      {
        host: 'evil.example',
        port: 443,
        requests: 1,
        errors: 0,
        denied: 1,
        dialP50Ms: null,
        dialMaxMs: null,
      },
      { port: 81, requests: 1, denied: 0, wouldDeny: 1 },
    ]);
    t.same(totals, {
      requests: 5,
      errors: 1,
      denied: 1,
      wouldDeny: 1,
      bytesUp: 400,
      bytesDown: 3000,
    });
    t.equal(otherDestinations, null);
  },
);

void t.test('an answer of the origin with status 500 is not an error of the bridge', async (t) => {
  const record = newRecord();
  record.add(runRequest({ status: 500 }));
  t.match(record.snapshot(startedMs).totals, { requests: 1, errors: 0 });
});

void t.test('a wrong token counts as denied', async (t) => {
  const record = newRecord();
  record.add(runRequest({ status: 407, error: 'http_request_denied' }));
  t.match(record.snapshot(startedMs).totals, { denied: 1, errors: 0 });
});

void t.test('programs are told apart: Terraform providers, others, unknown ones', async (t) => {
  const record = newRecord();
  const provider = 'terraform-provider-nomad_v2.4.0';
  record.add(runRequest({ client: { exe: `/mnt/workspace/.terraform/${provider}`, provider } }));
  record.add(
    runRequest({
      client: { exe: '/usr/bin/curl', provider: null },
      error: 'dns_error',
      status: 502,
    }),
  );
  record.add(runRequest({ client: { exe: '/usr/local/bin/curl', provider: null } }));
  record.add(runRequest());
  t.match(record.snapshot(startedMs).programs, [
    { name: 'curl', isProvider: false, requests: 2, errors: 1 },
    { name: provider, isProvider: true, requests: 1 },
    { name: 'unknown', isProvider: false, requests: 1 },
  ]);
});

void t.test(
  'the ten slowest are kept, a tunnel by what its client waited and not by its life',
  async (t) => {
    const record = newRecord();
    for (let at = 1; at <= 30; at++) record.add(runRequest({ id: `r${at}`, totalMs: at }));
    record.add(
      runRequest({ id: 'tunnel', proto: 'connect', dnsMs: 2, dialMs: 3, totalMs: 900_000 }),
    );
    record.add(
      runRequest({
        id: 'failed',
        proto: 'connect',
        dialMs: null,
        totalMs: 15_000,
        error: 'connection_timeout',
        status: 504,
      }),
    );
    const { slowest } = record.snapshot(startedMs);
    t.same(
      slowest.map(({ id }) => id),
      ['failed', 'r30', 'r29', 'r28', 'r27', 'r26', 'r25', 'r24', 'r23', 'r22'],
    );
    t.equal(slowest[0]?.waitedMs, 15_000);
  },
);

void t.test('failures are grouped, with the reason of the latest', async (t) => {
  const record = newRecord();
  const offline = {
    host: 'db',
    port: 5432,
    status: 503,
    error: 'destination_unavailable',
    dialMs: null,
  } as const;
  record.add(runRequest({ ...offline, detail: 'db is offline: last seen 1 h ago' }));
  record.add(runRequest({ ...offline, detail: 'db is offline: last seen 2 h ago' }));
  record.add(runRequest({ host: 'evil.example', ...refused }));
  record.add(runRequest());
  t.match(record.snapshot(startedMs).failures, [
    {
      host: 'db',
      port: 5432,
      status: 503,
      error: 'destination_unavailable',
      count: 2,
      detail: /2 h ago/,
    },
    { host: 'evil.example', status: 403, error: 'http_request_denied', count: 1 },
  ]);
  t.equal(record.snapshot(startedMs).failures.length, 2);
});

void t.test(
  '100,000 different hosts spill to other in bounded memory, and no request is lost',
  async (t) => {
    const record = newRecord();
    const count = 100_000;
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < count; at++) {
      const error = at % 2 === 0 ? null : 'dns_error';
      record.add(
        runRequest({
          host: `h${at}.example`,
          peer: null,
          route: 'direct',
          error,
          status: error === null ? 200 : 502,
          detail: error,
          client: { exe: `/bin/p${at}`, provider: null },
          bytesUp: 1,
        }),
      );
    }
    const grownMb = (process.memoryUsage().heapUsed - before) / 1e6;
    const snapshot = record.snapshot(startedMs + 1000);
    t.equal(snapshot.destinations.length, 1000);
    const sum = (list: readonly { requests: number }[]) =>
      list.reduce((all, { requests }) => all + requests, 0);
    t.equal(sum(snapshot.destinations) + (snapshot.otherDestinations?.requests ?? 0), count);
    t.equal(sum(snapshot.programs), count);
    t.equal(snapshot.programs.at(-1)?.name, 'other');
    t.equal(
      snapshot.failures.reduce((all, group) => all + group.count, 0),
      count / 2,
    );
    t.equal(snapshot.failures[0]?.host, 'other');
    t.equal(snapshot.learned.uncovered, count - snapshot.learned.rules.length);
    t.equal(snapshot.totals.bytesUp, count);
    t.ok(JSON.stringify(snapshot).length < 2_000_000, 'the snapshot stays small');
    t.ok(grownMb < 64, `${grownMb.toFixed(1)} MB more on the heap`);
  },
);

void t.test(
  'the timeline keeps every request in at most 120 buckets, however long the run is',
  async (t) => {
    const record = newRecord();
    for (let second = 0; second < 5000; second++) {
      record.add(
        runRequest({
          timeMs: startedMs + second * 1000 + 20,
          error: second === 4999 ? 'dns_error' : null,
        }),
      );
    }
    const { bucketMs, buckets } = record.snapshot(startedMs).timeline;
    t.ok(buckets.length <= 120, `${buckets.length} buckets`);
    t.equal(bucketMs, 64_000);
    t.equal(
      buckets.reduce((all, { requests }) => all + requests, 0),
      5000,
    );
    t.equal(buckets.at(-1)?.errors, 1);
    t.equal(buckets[0]?.requests, 64);
  },
);

void t.test(
  'a request that began before the run, or of a clock set back, falls into the first bucket',
  async (t) => {
    const record = newRecord();
    record.add(runRequest({ timeMs: startedMs - 60_000, totalMs: 5 }));
    t.equal(record.snapshot(startedMs).timeline.buckets[0]?.requests, 1);
  },
);

void t.test('a snapshot survives JSON and is recognised; other documents are not', async (t) => {
  const record = newRecord();
  record.add(runRequest());
  const snapshot = record.snapshot(startedMs);
  t.same(JSON.parse(JSON.stringify(snapshot)), snapshot);
  t.ok(isRunSnapshot(JSON.parse(JSON.stringify(snapshot))));
  for (const other of [null, 1, 'x', [], {}, { version: 1 }, { ...snapshot, version: 2 }]) {
    t.notOk(isRunSnapshot(other), JSON.stringify(other)?.slice(0, 40));
  }
});

void t.test('a snapshot does not change when the run goes on', async (t) => {
  const record = newRecord();
  record.add(runRequest());
  const snapshot = record.snapshot(startedMs);
  const copy = structuredClone(snapshot);
  record.add(runRequest({ error: 'dns_error', status: 502, totalMs: 9000 }));
  t.same(snapshot, copy);
});
