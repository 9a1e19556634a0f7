import { createRequire } from 'node:module';
import * as fc from 'fast-check';
import t from 'tap';
import { createRunRecord } from '../../src/report/run-record.ts';
import { renderMarkdown, renderTable } from '../../src/report/table.ts';
import { runRequest } from '../support/run-request.ts';

// The width that the table itself pads by.
const stringWidth = createRequire(createRequire(import.meta.url).resolve('cli-table3'))(
  'string-width',
) as (text: string) => number;

const startedMs = 1_800_000_000_000;
const newRecord = (policyMode: 'enforce' | 'report' | 'learn' = 'enforce') =>
  createRunRecord({ startedMs, runId: null, policyMode });

function filled() {
  const record = newRecord();
  const provider = 'terraform-provider-nomad_v2.4.0';
  record.add(runRequest({ client: { exe: `/x/${provider}`, provider } }));
  record.add(runRequest({ host: '2001:db8::1', port: 443, route: 'direct', peer: null }));
  record.add(
    runRequest({
      host: 'db.tail1234.ts.net',
      port: 5432,
      status: 503,
      error: 'destination_unavailable',
      detail: 'db is offline: last seen 3 h ago',
    }),
  );
  return record;
}

void t.test(
  'the table names destinations, programs, failures with reasons and the slowest',
  async (t) => {
    const table = renderTable(filled().snapshot(startedMs + 12_000));
    t.match(
      table,
      /^run of 12\.0 s, policy mode enforce\n3 requests, 1 errors, 0 denied, 300 B sent, 3\.0 kB received\n/,
    );
    t.match(
      table,
      /^web\.tail1234\.ts\.net:80 +tailnet +1 +0 +0 +100 B +1\.0 kB +5\.0 ms +5\.0 ms$/m,
    );
    t.match(table, /^\[2001:db8::1\]:443 +direct/m);
    t.match(table, /^terraform-provider-nomad_v2\.4\.0 +1/m);
    t.match(
      table,
      /^db\.tail1234\.ts\.net:5432 +1 +503 +db is offline: last seen 3 h ago \(destination_unavail…$/m,
    );
    t.match(table, /^GET +web\.tail1234\.ts\.net:80 +200 +20 ms/m);
    t.notMatch(table, /\p{Cc}(?<!\n)/u, 'plain text, since it ends up in logs');
  },
);

void t.test('an empty run is one line', async (t) => {
  t.equal(
    renderTable(newRecord().snapshot(startedMs)),
    'run of 0.0 ms, policy mode enforce\n0 requests, 0 errors, 0 denied, 0 B sent, 0 B received\n',
  );
});

void t.test(
  'a run that talked to much shows the twenty busiest and says how many more there are',
  async (t) => {
    const record = newRecord();
    for (let at = 0; at < 60; at++) record.add(runRequest({ host: `h${at}.example` }));
    const table = renderTable(record.snapshot(startedMs));
    t.match(table, /^… 41 more in --format json/m);
    t.match(table, /^h18\.example:80 /m);
  },
);

void t.test('what would be denied is shown beside what was', async (t) => {
  const record = newRecord('report');
  record.add(runRequest({ policy: { decision: 'would_deny', rule: null, mode: 'report' } }));
  const table = renderTable(record.snapshot(startedMs));
  t.match(table, /1 would be denied/);
  t.match(table, / 1\? /);
});

void t.test('only learn mode prints rules to paste', async (t) => {
  for (const mode of ['enforce', 'report', 'learn'] as const) {
    const record = newRecord(mode);
    record.add(runRequest());
    const snapshot = record.snapshot(startedMs);
    t.equal(
      renderTable(snapshot).includes("SPACETAIL_ALLOW='web.tail1234.ts.net:80'"),
      mode === 'learn',
      mode,
    );
    t.equal(renderMarkdown(snapshot).includes('```sh\n# Allows'), mode === 'learn', mode);
  }
});

const anything = fc.record({
  host: fc.string({ unit: 'binary', maxLength: 300 }),
  port: fc.integer({ min: 0, max: 65_535 }),
  method: fc.string({ maxLength: 300 }),
  status: fc.integer({ min: 100, max: 599 }),
  detail: fc.option(fc.string({ unit: 'binary', maxLength: 2000 })),
  error: fc.option(
    fc.constantFrom('dns_error', 'destination_ip_unroutable', 'http_response_header_section_size'),
  ),
  totalMs: fc.double({ min: 0, max: 1e9, noNaN: true }),
  dialMs: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true })),
  bytesUp: fc.integer({ min: 0, max: 9e14 }),
  bytesDown: fc.integer({ min: 0, max: 9e14 }),
  client: fc.option(fc.record({ exe: fc.string({ maxLength: 500 }), provider: fc.constant(null) })),
});

void t.test(
  'property: no line of the table is wider than 100 columns or holds a control character',
  async (t) => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 30 }), (requests) => {
        const record = newRecord();
        for (const request of requests) record.add(runRequest(request));
        const lines = renderTable(record.snapshot(startedMs + 1e9)).split('\n');
        return lines.every((line) => stringWidth(line) <= 100 && !/\p{Cc}/u.test(line));
      }),
      { seed: 15, numRuns: 300 },
    );
    t.pass();
  },
);

void t.test('the first line of a long run fits too', async (t) => {
  const record = createRunRecord({
    startedMs,
    runId: '01JABCDEFGHJKMNPQRSTVWXYZ0',
    policyMode: 'learn',
  });
  for (let at = 0; at < 1200; at++) {
    record.add(
      runRequest({
        bytesUp: 1e9,
        bytesDown: 1e9,
        policy: { decision: 'would_deny', rule: null, mode: 'learn' },
      }),
    );
  }
  for (const line of renderTable(record.snapshot(startedMs + 1e7)).split('\n'))
    t.ok(line.length <= 100, line);
});

void t.test(
  'markdown: one table a section; a hostile name is neither link nor tag nor column',
  async (t) => {
    const record = filled();
    record.add(
      runRequest({
        host: 'a|b](http://evil)<img src=x>`@me',
        error: 'dns_error',
        status: 502,
        detail: '# **x**',
      }),
    );
    const markdown = renderMarkdown(record.snapshot(startedMs + 1000));
    t.match(markdown, /^\*\*spacetail\*\* run of 1\.0 s, policy mode enforce<br>4 requests/);
    t.match(markdown, /^\| web\.tail1234\.ts\.net:80 \| tailnet \| 1 \|/m);
    t.notMatch(markdown, /<img|\]\(http|\*\*x|@me/);
    const widths = markdown
      .split('\n')
      .filter((line) => line.startsWith('| ') && line.includes('502'))
      .map((line) => line.split(' | ').length);
    t.same(
      widths.toSorted((a, b) => a - b),
      [4, 6],
      'the failure and the slow request have as many cells as columns',
    );
  },
);
