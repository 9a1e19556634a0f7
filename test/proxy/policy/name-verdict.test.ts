import * as fc from 'fast-check';
import t from 'tap';
import { splitRules } from '../../../src/config/rule-text.ts';
import { compilePolicy } from '../../../src/proxy/policy/policy.ts';
import type { PolicyTarget } from '../../../src/proxy/policy/policy.ts';
import type { Owner } from '../../../src/tailnet.ts';
import { fakePeer, fakeTailnet } from '../../support/fake-tailnet.ts';

const peer = fakePeer({ names: ['web', 'web.tail1.ts.net', 'shop.corp.example'] });
const tailnet = fakeTailnet(undefined, [peer]);

const compile = (allow: string, deny = '', allowLocal = '') =>
  compilePolicy({
    mode: undefined,
    metadata: undefined,
    allow: splitRules(allow, 'SPACETAIL_ALLOW'),
    deny: splitRules(deny, 'SPACETAIL_DENY'),
    allowLocal: splitRules(allowLocal, 'SPACETAIL_ALLOW_LOCAL'),
  });

const nameTarget = (host: string, port: number) => ({
  host,
  port,
  isNode: (name: string) => tailnet.peerNamed(name) !== undefined,
  hasNodeUnder: (suffix: string) => tailnet.hasNodeUnder(suffix),
});

const decisionOn = (host: string, port: number, ...rules: [string, string?, string?]) =>
  compile(...rules).judgeName(nameTarget(host, port))?.decision;

void t.test('a name is denied before its address is known', async (t) => {
  t.equal(decisionOn('evil.example', 443, '', 'evil.example'), 'deny', 'a deny rule names it');
  t.equal(decisionOn('a.evil.example', 443, '', '*.evil.example'), 'deny');
  t.equal(decisionOn('evil.example', 25, '', '**:25'), 'deny');
  const list = 'registry.opentofu.org:443 *.githubusercontent.com:443 tag:db:5432 10.0.0.0/8:22';
  t.equal(decisionOn('evil.example', 443, list), 'deny', 'no rule of the list can match it');
  t.equal(decisionOn('evil.example', 443, 'direct:tag:db direct:peer:web'), 'deny');
});

void t.test('where its address may change the verdict, it is asked for', async (t) => {
  for (const [what, port, ...rules] of [
    ['no rule', 443, '', ''],
    ['a deny rule for another port', 443, '', 'evil.example:80'],
    ['a deny rule for one way', 443, '', 'tailnet:evil.example'],
    ['a deny rule for addresses', 443, '', '203.0.113.0/24'],
    ['an allow rule that names it', 443, 'evil.example', ''],
    ['an allow rule for a way', 443, 'direct:evil.example', ''],
    ['an allow rule for addresses', 443, 'x.example 203.0.113.0/24', ''],
    ['an allow rule for a tag', 5432, 'tag:db:5432', ''],
    ['an allow rule for a node, which the name may lead to', 443, 'web', ''],
    ['a suffix that a node has a name under', 443, '*.corp.example', ''],
    ['an allow rule for local addresses', 80, 'x.example', '', '127.0.0.1:80'],
  ] as [string, number, string, string?, string?][]) {
    t.equal(decisionOn('evil.example', port, ...rules), undefined, what);
  }
});

void t.test('report and learn say would_deny', async (t) => {
  const deny = splitRules('evil.example', 'SPACETAIL_DENY');
  for (const mode of ['report', 'learn'] as const) {
    const policy = compilePolicy({ mode, metadata: undefined, allow: [], deny, allowLocal: [] });
    t.match(policy.judgeName(nameTarget('evil.example', 443)), {
      decision: 'would_deny',
      rule: 'evil.example (SPACETAIL_DENY[0])',
    });
  }
});

void t.test('a rule for one program decides nothing by name', async (t) => {
  const client = { exe: 'curl' };
  const rule = { text: '**', place: 'policy.yaml:3', client };
  const file = { mode: undefined, metadata: undefined, allowLocal: [], roles: [] } as const;
  const base = { mode: undefined, metadata: undefined, allow: [], deny: [], allowLocal: [] };
  const denying = compilePolicy({ ...base, file: { ...file, allow: [], deny: [rule] } as never });
  t.equal(denying.judgeName(nameTarget('evil.example', 443)), undefined);
  const allowing = compilePolicy({ ...base, file: { ...file, allow: [rule], deny: [] } as never });
  t.equal(allowing.judgeName(nameTarget('evil.example', 443)), undefined);
});

const ruleTexts = fc.array(
  fc
    .tuple(
      fc.constantFrom('', '', 'direct:', 'tailnet:'),
      fc.constantFrom(
        '**',
        'a.example',
        'b.a.example',
        '*.example',
        '*.a.example',
        '*.corp.example',
        'web',
        'shop.corp.example',
        '203.0.113.5',
        '10.0.0.0/8',
        '100.64.0.7',
        '127.0.0.1',
        'tag:web',
        'tag:db',
        'peer:web',
        'peer:gone',
      ),
      fc.constantFrom('', ':443', ':80', ':1-100'),
    )
    .map((parts) => parts.join('')),
  { maxLength: 4 },
);

const places: readonly { ip: string; owner: Owner | undefined; route: PolicyTarget['route'] }[] = [
  { ip: '203.0.113.5', owner: undefined, route: 'direct' },
  { ip: '203.0.113.5', owner: undefined, route: 'exit' },
  { ip: '127.0.0.1', owner: undefined, route: 'direct' },
  { ip: '100.64.0.7', owner: { kind: 'peer', peer }, route: 'tailnet' },
  { ip: '100.64.0.1', owner: { kind: 'self' }, route: 'tailnet' },
  {
    ip: '10.1.2.3',
    owner: { kind: 'subnet', peer, prefix: '10.0.0.0/8', accepted: true },
    route: 'subnet',
  },
  {
    ip: '10.1.2.3',
    owner: { kind: 'subnet', peer, prefix: '10.0.0.0/8', accepted: true },
    route: 'direct',
  },
];

void t.test('what is denied by name is denied at every address', async (t) => {
  let denied = 0;
  let let_through = 0;
  fc.assert(
    fc.property(
      ruleTexts,
      ruleTexts,
      ruleTexts,
      fc.constantFrom('a.example', 'b.a.example', 'c.example', 'x.corp.example', 'lone'),
      fc.constantFrom(80, 443),
      (allow, deny, local, host, port) => {
        const policy = compile(allow.join(' '), deny.join(' '), local.join(' '));
        const decisions = places.map(
          (place) => policy.judge({ host, port, peer: undefined, ...place }).decision,
        );
        if (policy.judgeName(nameTarget(host, port)) === undefined) {
          let_through += 1;
          return true;
        }
        denied += 1;
        return decisions.every((decision) => decision === 'deny');
      },
    ),
    { numRuns: 20_000 },
  );
  t.ok(denied > 1000 && let_through > 1000, `${denied} denied, ${let_through} not`);
});
