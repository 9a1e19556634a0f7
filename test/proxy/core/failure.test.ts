import { parseList } from 'structured-headers';
import t from 'tap';
import {
  answerOf,
  failure,
  proxyStatus,
  socksReplyOf,
  statusOf,
} from '../../../src/proxy/core/failure.ts';
import type { FailureKind } from '../../../src/proxy/core/failure.ts';
import { explainResolution } from '../../../src/proxy/decide/failures.ts';
import { allFailed, lastSeen, offline } from '../../../src/proxy/dial/failures.ts';
import { fakePeer } from '../../support/fake-tailnet.ts';
import { planFor } from '../../support/plan.ts';

/** docs: the table of the interface. */
const table: [kind: FailureKind, status: number, error: string, socks: number][] = [
  ['denied', 403, 'http_request_denied', 2],
  ['token_wrong', 407, 'http_request_denied', 2],
  ['name_unknown', 502, 'dns_error', 4],
  ['resolver_silent', 504, 'dns_timeout', 6],
  ['peer_unavailable', 503, 'destination_unavailable', 4],
  ['refused', 502, 'connection_refused', 5],
  ['terminated', 502, 'connection_terminated', 1],
  ['timed_out', 504, 'connection_timeout', 6],
  ['tailnet_unavailable', 503, 'destination_unavailable', 3],
  ['ip_prohibited', 403, 'destination_ip_prohibited', 2],
  ['loop', 502, 'proxy_loop_detected', 2],
  ['too_many_connections', 503, 'connection_limit_reached', 1],
  ['malformed', 400, 'http_request_error', 1],
  ['head_too_large', 431, 'http_request_error', 1],
];

for (const [kind, status, error, socks] of table) {
  void t.test(`${kind} is ${status} ${error} and SOCKS reply ${socks}`, async (t) => {
    const failed = failure(kind, 'db is away', 'Check it.');
    t.equal(statusOf(failed), status);
    t.equal(socksReplyOf(failed), socks);
    t.match(proxyStatus(failed), `error=${error};`);
    const { fields, body } = answerOf(failed);
    t.equal(body, 'db is away\nCheck it.\n');
    t.equal(fields.includes('Proxy-Authenticate'), kind === 'token_wrong');
  });
}

void t.test(
  'RFC 9209: Proxy-Status can be read by an independent parser, whatever the details are',
  async (t) => {
    const hostile = 'a "quoted" \\ name\r\nSet-Cookie: x=\u0000 é 💥';
    const [[token, parameters] = []] = parseList(proxyStatus(failure('denied', hostile, '')));
    t.equal(String(token), 'spacetail');
    t.equal(String(parameters?.get('error')), 'http_request_denied');
    t.equal(parameters?.get('details'), 'a "quoted" \\ name Set-Cookie: x=? ? ?');
  },
);

void t.test('details have at most 200 characters, the body has all of them', async (t) => {
  const failed = failure('tailnet_unavailable', `${'x'.repeat(150)}\n${'y'.repeat(150)}`, '');
  const [[, parameters] = []] = parseList(proxyStatus(failed));
  t.equal(String(parameters?.get('details')).length, 200);
  t.match(String(parameters?.get('details')), /^x{150} y+\.\.\.$/);
  t.match(answerOf(failed).body, 'y'.repeat(150));
});

void t.test('the body has two lines, whatever the name was', async (t) => {
  t.equal(answerOf(failure('denied', 'a\nb', 'c\r\nd')).body, 'a?b\nc??d\n');
});

void t.test('an offline node is named with its tags and when it was seen', async (t) => {
  const peer = fakePeer({
    name: 'db.tail1.ts.net',
    tags: ['tag:db'],
    lastSeenMs: Date.now() - 3 * 3_600_000,
  });
  const failed = offline(peer, planFor({ via: 'tailnet' }));
  t.equal(failed.detail, 'db.tail1.ts.net is offline: last seen 3 h ago (tag:db)');
  t.equal(failed.hint, 'Check the node, or its key expiry.');
  const routed = offline(peer, planFor({ via: 'subnet', ip: '10.1.2.3' }));
  t.match(routed.detail, 'db.tail1.ts.net, which routes to 10.1.2.3, is offline');
});

void t.test(
  'regression: a node was not named when its addresses failed in different seconds of its age',
  async (t) => {
    const seen = (agoMs: number) => fakePeer({ lastSeenMs: Date.now() - agoMs });
    const losses = [12_000, 13_000].map((agoMs, at) => ({
      ip: `100.64.0.${at}`,
      failure: offline(seen(agoMs), planFor()),
    }));
    t.match(allFailed(planFor(), losses).detail, /^web\.tail1\.ts\.net is offline: last seen 12 s/);
    const other = { ip: '100.64.0.9', failure: offline(fakePeer({ name: 'db' }), planFor()) };
    t.match(allFailed(planFor(), [...losses, other]).detail, /behind a node that is away/);
  },
);

void t.test('times are told in the unit a person would use', async (t) => {
  const at = (agoSeconds: number): string =>
    lastSeen(fakePeer({ lastSeenMs: 1e12 - agoSeconds * 1000 }), 1e12);
  t.strictSame(
    [5, 120, 7200, 200_000].map((ago) => at(ago)),
    ['last seen 5 s ago', 'last seen 2 min ago', 'last seen 2 h ago', 'last seen 2 days ago'],
  );
  t.equal(lastSeen(fakePeer()), 'last seen at an unknown time');
});

void t.test('a name that does not exist is answered with the nearest that do', async (t) => {
  const base = {
    kind: 'not_found',
    host: 'Wbe',
    source: undefined,
    owned: true,
    detail: '',
  } as const;
  t.match(explainResolution({ ...base, nearest: ['web', 'db'] }), {
    kind: 'name_unknown',
    detail: 'wbe does not exist',
    hint: 'Did you mean web, db?',
  });
  t.match(explainResolution({ ...base, nearest: [] }).hint, 'spacetail resolve');
});
