import t from 'tap';
import { createMetrics } from '../../../src/proxy/metrics/metrics.ts';
import { requestRecord } from '../../support/request-record.ts';
import type { HasTeardown } from '../../support/tmp-folder.ts';

function startMetrics(t: HasTeardown) {
  const metrics = createMetrics({
    openTunnels: () => 4,
    tailscaledRestarts: () => 2,
    logLinesDropped: () => 7,
  });
  t.teardown(() => metrics.close());
  return metrics;
}

void t.test('requests are counted by protocol, route, status and decision', async (t) => {
  const metrics = startMetrics(t);
  metrics.observe(requestRecord());
  metrics.observe(requestRecord());
  metrics.observe(
    requestRecord({
      proto: 'http',
      route: 'direct',
      status: 403,
      error: 'http_request_denied',
      policy: { decision: 'deny', rule: null, mode: 'enforce' },
    }),
  );
  const text = await metrics.text();
  for (const line of [
    'spacetail_requests_total{protocol="connect",route="tailnet",status="200",decision="allow"} 2',
    'spacetail_requests_total{protocol="http",route="direct",status="403",decision="deny"} 1',
    'spacetail_request_errors_total{error="http_request_denied"} 1',
    'spacetail_transferred_bytes_total{direction="down",route="tailnet"} 4000',
    'spacetail_dial_duration_seconds_bucket{le="0.005",route="tailnet"} 2',
    'spacetail_dial_duration_seconds_count{route="tailnet"} 2',
    'spacetail_resolve_duration_seconds_count{source="status"} 3',
    'spacetail_host_requests_total{host="db.tail1.ts.net",decision="allow"} 2',
    'spacetail_open_tunnels 4',
    'spacetail_tailscaled_restarts_total 2',
    'spacetail_access_log_dropped_lines_total 7',
  ]) {
    t.ok(text.includes(`\n${line}\n`), line);
  }
  t.match(text, /spacetail_event_loop_delay_seconds\{quantile="0.99"\} [\d.e-]+/);
  t.match(metrics.contentType, /^text\/plain; version=0\.0\.4/);
});

void t.test('a scrape does not count what is counted elsewhere twice', async (t) => {
  const metrics = startMetrics(t);
  await metrics.text();
  t.match(await metrics.text(), '\nspacetail_tailscaled_restarts_total 2\n');
});

void t.test(
  '100,000 hosts cost no more than the first 500; the rest is counted as other',
  async (t) => {
    const metrics = startMetrics(t);
    for (let host = 0; host < 100_000; host++) {
      metrics.observe(requestRecord({ host: `h${host}.example.com`, status: 200 + host }));
    }
    const text = await metrics.text();
    t.match(text, '\nspacetail_host_requests_total{host="other",decision="allow"} 99500\n');
    t.match(text, '\nspacetail_host_requests_total{host="h499.example.com",decision="allow"} 1\n');
    t.notMatch(text, 'h500.example.com');
    t.match(text, /status="other"/, 'and so are made-up statuses');
    t.ok(text.length < 500_000, `${text.length} characters`);
  },
);

void t.test('a host of any text cannot forge a line', async (t) => {
  const metrics = startMetrics(t);
  metrics.observe(requestRecord({ host: 'a"} 1\nforged 1\n\\' }));
  const text = await metrics.text();
  t.match(
    text,
    '\nspacetail_host_requests_total{host="a\\"} 1\\nforged 1\\n\\\\",decision="allow"} 1\n',
  );
  t.notMatch(text, /^forged/m);
});
