import * as fc from 'fast-check';
import t from 'tap';
import { compilePolicy } from '../../src/proxy/policy/policy.ts';
import type { Peer } from '../../src/tailnet.ts';
import { RuleLearner, renderLearned } from '../../src/report/learn.ts';
import type { RunRequest } from '../../src/report/run-request.ts';
import { runRequest } from '../support/run-request.ts';

function learn(...requests: RunRequest[]): RuleLearner {
  const learner = new RuleLearner();
  for (const request of requests) learner.add(request);
  return learner;
}

const direct = { route: 'direct', peer: null, ip: '203.0.113.7' } as const;

void t.test('a node counts once: short name, FQDN, alias and address are one rule', async (t) => {
  const learner = learn(
    runRequest({ host: 'web' }),
    runRequest({ host: 'web.tail1234.ts.net' }),
    runRequest({ host: 'www.corp.example' }),
    runRequest({ host: '100.64.0.3' }),
  );
  t.same(learner.rules(), ['web.tail1234.ts.net:80']);
});

void t.test('a host behind a subnet router is named itself, not by its router', async (t) => {
  t.same(
    learn(
      runRequest({ host: 'db.corp.example', route: 'subnet', ip: '10.0.0.9', port: 5432 }),
    ).rules(),
    ['db.corp.example:5432'],
  );
});

void t.test(
  'of several tailnets each host is named in its own, and allowed there alone',
  async (t) => {
    const rules = learn(
      runRequest({ host: '100.64.0.1', ip: '100.64.0.1', tailnet: 'partner', peer: null }),
      runRequest({ host: 'web', tailnet: 'prod' }),
      runRequest({ host: 'fd7a::1', ip: 'fd7a::1', tailnet: 'prod', peer: null }),
      runRequest({ ...direct, host: 'a.example' }),
    ).rules();
    t.same(rules, [
      'a.example:80',
      'partner!100.64.0.1:80',
      'prod![fd7a::1]:80',
      'prod!web.tail1234.ts.net:80',
    ]);
    const allow = rules.map((text, at) => ({ text, place: `SPACETAIL_ALLOW[${at}]` }));
    const input = { mode: 'enforce', deny: [], allowLocal: [], metadata: undefined } as const;
    const policy = compilePolicy({ ...input, allow, tailnets: ['prod', 'partner'] });
    const [peer] = peers;
    if (peer === undefined) throw new Error('there is a peer');
    const owner = { kind: 'peer', peer } as const;
    const asked = {
      host: '100.64.0.1',
      ip: '100.64.0.1',
      port: 80,
      owner,
      peer,
      route: 'tailnet',
    } as const;
    t.equal(policy.judge({ ...asked, tailnet: 'partner' }).decision, 'allow');
    t.equal(policy.judge({ ...asked, tailnet: 'other' }).decision, 'deny');
  },
);

void t.test('ports that follow one another become a range, others do not', async (t) => {
  const requests = [8082, 443, 8080, 8081, 80].map((port) =>
    runRequest({ ...direct, host: 'a.example', port }),
  );
  t.same(learn(...requests).rules(), ['a.example:80', 'a.example:443', 'a.example:8080-8082']);
});

void t.test('an address in an odd spelling is learned as the address it means', async (t) => {
  const learner = learn(
    runRequest({ ...direct, host: '0xcb007107' }),
    runRequest({ ...direct, host: '203.0.113.7' }),
    runRequest({ ...direct, host: '2001:db8:0:0::1', ip: '2001:db8::1' }),
  );
  t.same(learner.rules(), ['203.0.113.7:80', '[2001:db8::1]:80']);
});

void t.test('what was denied, malformed or a loop is not learned', async (t) => {
  const learner = learn(
    runRequest({
      policy: { decision: 'deny', rule: null, mode: 'learn' },
      status: 403,
      error: 'destination_ip_prohibited',
    }),
    runRequest({ status: 400, error: 'http_request_error', host: '', port: 0, ip: null }),
    runRequest({ status: 502, error: 'proxy_loop_detected' }),
    runRequest({ status: 407, error: 'http_request_denied' }),
  );
  t.same(learner.rules(), []);
  t.equal(learner.uncovered, 0);
  t.equal(renderLearned({ rules: [], uncovered: 0 }), '');
});

void t.test('a host that no rule can name is counted, not guessed at', async (t) => {
  const learner = learn(
    runRequest({ ...direct, host: 'a~b.example', ip: null, error: 'dns_error', status: 502 }),
  );
  t.same(learner.rules(), []);
  t.equal(learner.uncovered, 1);
});

void t.test('beyond the limit requests are counted as not covered', async (t) => {
  const learner = new RuleLearner(2);
  for (const host of ['a.example', 'b.example', 'c.example', 'a.example'])
    learner.add(runRequest({ ...direct, host }));
  t.same(learner.rules(), ['a.example:80', 'b.example:80']);
  t.equal(learner.uncovered, 1);
});

void t.test('the text can be pasted: comments and one assignment', async (t) => {
  t.equal(
    renderLearned({ rules: ['a.example:80', '[2001:db8::1]:443'], uncovered: 0 }),
    "# Allows what this run did and nothing else:\nSPACETAIL_ALLOW='a.example:80,[2001:db8::1]:443'\n",
  );
  t.match(
    renderLearned({ rules: ['a.example:80'], uncovered: 3 }),
    /^# 3 requests are not covered/m,
  );
});

const peers = ['web', 'db', 'ci'].map((shortName, at): Peer => {
  const name = `${shortName}.tail1234.ts.net`;
  const addresses = [`100.64.0.${at + 1}`, `fd7a:115c:a1e0::${at + 1}`];
  return {
    name,
    shortName,
    names: [shortName, name, `${shortName}.corp.example`],
    addresses,
    tags: [],
    online: true,
    keyExpired: false,
    lastSeenMs: undefined,
  };
});

interface Target {
  readonly host: string;
  readonly ip: string;
  readonly port: number;
  readonly peer: Peer | undefined;
}

const port = fc.integer({ min: 1, max: 65_535 });
const tailnetTarget = fc
  .record({ peer: fc.constantFrom(...peers), how: fc.nat(4), port })
  .map(({ peer, how, port }): Target => {
    const host = [...peer.names, ...peer.addresses][how] ?? peer.name;
    return { host, ip: peer.addresses[how % 2] ?? '', port, peer };
  });
const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,6}[a-z0-9_])?$/);
const address = fc
  .oneof(fc.ipV4(), fc.constant('2001:db8::7'))
  .filter((ip) => !/^(0|127|169|168|2[2-5]\d|100|192)\./.test(ip));
const directTarget = fc.oneof(
  fc.record({
    host: fc
      .array(label, { minLength: 1, maxLength: 4 })
      .map((labels) => [...labels, 'example'].join('.')),
    ip: address,
    port,
  }),
  fc.record({ host: address, port }).map(({ host, port }) => ({ host, ip: host, port })),
);
const target = fc.oneof(
  tailnetTarget,
  directTarget.map(({ host, ip, port }): Target => ({ host, ip, port, peer: undefined })),
);

function asRequest({ host, ip, port, peer }: Target): RunRequest {
  const route = peer === undefined ? 'direct' : 'tailnet';
  return runRequest({ host, ip, port, peer: peer?.name ?? null, route });
}

function judge(rules: readonly string[], { host, ip, port, peer }: Target): string {
  const allow = rules.map((text, at) => ({ text, place: `SPACETAIL_ALLOW[${at}]` }));
  const policy = compilePolicy({
    mode: 'enforce',
    allow,
    deny: [],
    allowLocal: [],
    metadata: undefined,
  });
  const owner = peer === undefined ? undefined : ({ kind: 'peer', peer } as const);
  return policy.judge({
    host,
    ip,
    port,
    owner,
    route: peer === undefined ? 'direct' : 'tailnet',
    peer,
  }).decision;
}

void t.test(
  'property: the policy, given the learned rules, allows every request of the run',
  async (t) => {
    fc.assert(
      fc.property(fc.array(target, { minLength: 1, maxLength: 12 }), (targets) => {
        const learner = learn(...targets.map(asRequest));
        const rules = learner.rules();
        return learner.uncovered === 0 && targets.every((each) => judge(rules, each) === 'allow');
      }),
      { seed: 15, numRuns: 2000 },
    );
    t.pass('2000 runs');
  },
);

void t.test('property: and denies a host or a port that the run did not talk to', async (t) => {
  fc.assert(
    fc.property(fc.array(target, { minLength: 1, maxLength: 12 }), target, (targets, extra) => {
      const isKnown = targets.some(
        (each) =>
          each.port === extra.port &&
          (each.host === extra.host ||
            each.ip === extra.ip ||
            (each.peer !== undefined && each.peer === extra.peer)),
      );
      return isKnown || judge(learn(...targets.map(asRequest)).rules(), extra) === 'deny';
    }),
    { seed: 15, numRuns: 2000 },
  );
  t.pass('2000 runs');
});
