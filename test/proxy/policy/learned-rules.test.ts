import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import t from 'tap';
import { splitRules } from '../../../src/config/rule-text.ts';
import { compilePolicy } from '../../../src/proxy/policy/policy.ts';
import type { PolicyTarget } from '../../../src/proxy/policy/policy.ts';
import type { Peer } from '../../../src/tailnet.ts';
import { RuleLearner } from '../../../src/report/learn.ts';
import { requestRecord } from '../../support/request-record.ts';

const peers = ['db', 'web', 'nomad'].map((shortName, index): Peer => {
  const name = `${shortName}.tail1.ts.net`;
  return {
    name,
    shortName,
    names: [shortName, name],
    addresses: [`100.64.0.${index + 2}`, `fd7a:115c:a1e0::${index + 2}`],
    tags: [],
    online: true,
    keyExpired: false,
    lastSeenMs: undefined,
  };
});

const port = fc.constantFrom(22, 80, 81, 82, 443, 8080);

const onNode = fc
  .tuple(fc.constantFrom(...peers), fc.nat(1), fc.nat(3), port)
  .map(([peer, address, spelling, number]): PolicyTarget => {
    const ip = peer.addresses[address] ?? '';
    const host = [peer.shortName, peer.name, ip, peer.name][spelling] ?? '';
    return { host, ip, port: number, owner: { kind: 'peer', peer }, route: 'tailnet', peer };
  });

const onSubnet = fc
  .tuple(fc.constantFrom(...peers), fc.ipV4(), fc.boolean(), port)
  .map(([peer, tail, isNamed, number]): PolicyTarget => {
    const ip = `10.${tail.split('.').slice(1).join('.')}`;
    const owner = { kind: 'subnet', peer, prefix: '10.0.0.0/8', accepted: true } as const;
    return { host: isNamed ? `h${tail}.corp` : ip, ip, port: number, owner, route: 'subnet', peer };
  });

const onPublic = fc
  .tuple(fc.domain(), fc.boolean(), port)
  .map(([domain, isNamed, number]): PolicyTarget => {
    const ip = '203.0.113.7';
    const host = isNamed ? domain.toLowerCase() : ip;
    return { host, ip, port: number, owner: undefined, route: 'direct', peer: undefined };
  });

const odd = fc
  .constantFrom<[host: string, ip: string]>(
    ['0xcb.0x71.1', '203.113.0.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8:0::2]', '2001:db8::2'],
    ['169.254.169.254', '169.254.169.254'],
  )
  .map(([host, ip]): PolicyTarget => ({
    host,
    ip,
    port: 80,
    owner: undefined,
    route: 'direct',
    peer: undefined,
  }));

const targets = fc.array(fc.oneof(onNode, onSubnet, onPublic, odd), {
  minLength: 1,
  maxLength: 30,
});

const policyWith = (mode: 'learn' | 'enforce', allow: string) =>
  compilePolicy({
    mode,
    allow: splitRules(allow, 'SPACETAIL_ALLOW'),
    deny: [],
    allowLocal: [],
    metadata: undefined,
  });

void t.test(
  'what a run in learn mode did passes with the rules it printed, another host does not',
  async (t) => {
    fc.assert(
      fc.property(targets, (run) => {
        const learner = new RuleLearner();
        for (const target of run) {
          const { decision } = policyWith('learn', '').judge(target);
          assert.equal(decision, 'allow');
          learner.add(
            requestRecord({
              host: target.host,
              ip: target.ip ?? null,
              port: target.port,
              route: target.route,
              peer: target.peer?.name ?? null,
              policy: { decision, rule: null, mode: 'learn' },
            }),
          );
        }
        assert.equal(learner.uncovered, 0);
        const enforced = policyWith('enforce', learner.rules().join(','));
        for (const target of run)
          assert.equal(enforced.judge(target).decision, 'allow', target.host);
        const extra: PolicyTarget = {
          host: 'extra.example.net',
          ip: '198.51.100.9',
          port: 443,
          owner: undefined,
          route: 'direct',
          peer: undefined,
        };
        assert.equal(enforced.judge(extra).decision, 'deny');
        assert.equal(
          enforced.judge({ ...extra, host: 'h1.corp', route: 'subnet' }).decision,
          'deny',
        );
      }),
      { seed: 15, numRuns: 100 },
    );
    t.pass('100 runs');
  },
);
