import * as fc from 'fast-check';
import t from 'tap';
import { renderHtml } from '../../src/report/html.ts';
import { createRunRecord } from '../../src/report/run-record.ts';
import { runRequest } from '../support/run-request.ts';

const startedMs = 1_800_000_000_000;

function page(runId: string | null, ...requests: Parameters<typeof runRequest>[0][]): string {
  const record = createRunRecord({ startedMs, runId, policyMode: 'learn' });
  for (const request of requests) record.add(runRequest(request));
  return renderHtml(record.snapshot(startedMs + 60_000));
}

void t.test(
  'the page is one file without script or outside asset, with a timeline drawing',
  async (t) => {
    const html = page('run-1', {}, { host: 'db', error: 'dns_error', status: 502 });
    t.match(html, /^<!doctype html>/);
    t.match(html, /<svg [^]*<rect class="ok"[^]*<rect class="error"[^]*<\/svg>/);
    t.notMatch(html, /<script|<link|<img|src=|href=|url\(|@import|https?:\/\//);
    t.match(html, /default-src 'none'/);
    t.match(html, /<td class="left">web\.tail1234\.ts\.net:80<\/td>/);
    t.match(html, /SPACETAIL_ALLOW=/);
  },
);

void t.test('a run without requests is a page too', async (t) => {
  t.match(page(null), /0 requests[^]*<svg [^]*<\/svg>[^]*<\/html>/);
});

void t.test('every lane and bar of the drawing lies inside it', async (t) => {
  const requests = Array.from({ length: 200 }, (_, at) => ({
    host: `h${at % 40}.example`,
    timeMs: startedMs + at * 500 - 10_000,
    totalMs: (at % 7) * 4000,
  }));
  const html = page('run-1', ...requests);
  const rects = [
    ...html.matchAll(
      /<rect [^>]*x="([\d.-]+)" y="([\d.-]+)" width="([\d.-]+)" height="([\d.-]+)"/g,
    ),
  ];
  t.ok(rects.length > 25);
  for (const [, x, y, width, height] of rects) {
    const numbers = [x, y, width, height].map(Number);
    t.ok(
      numbers.every((number) => Number.isFinite(number) && number >= 0),
      numbers.join(' '),
    );
    t.ok(Number(x) + Number(width) <= 1003, 'right edge');
  }
});

const tags = /<\/?[a-z]+/gi;
const text = fc
  .string({ unit: 'binary', maxLength: 60 })
  .map((tail) => `"'><svg onload=alert(1)></title></style></pre>${tail}`);

void t.test(
  'property: no text of a client adds a tag, an attribute or a control character',
  async (t) => {
    const harmless = (
      page('x', {
        host: 'h',
        method: 'M',
        detail: 'd',
        error: 'dns_error',
        client: { exe: 'p', provider: null },
      }).match(tags) ?? []
    ).length;
    fc.assert(
      fc.property(text, (hostile) => {
        const html = page(hostile, {
          host: hostile,
          method: hostile,
          detail: hostile,
          error: 'dns_error',
          client: { exe: hostile.replaceAll('/', ''), provider: null },
        });
        // eslint-disable-next-line no-control-regex -- that there is none is the point
        return (html.match(tags) ?? []).length === harmless && !/[\x00-\x09\x0b-\x1f]/.test(html);
      }),
      { seed: 15, numRuns: 300 },
    );
    t.pass();
  },
);
