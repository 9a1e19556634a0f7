import t from 'tap';
import { compilePolicy } from '../../../src/proxy/policy/policy.ts';
import type { PolicyInput, PolicyTarget } from '../../../src/proxy/policy/policy.ts';
import { splitRules } from '../../../src/config/rule-text.ts';
import type { Peer } from '../../../src/tailnet.ts';

const db: Peer = {
  name: 'db.tail1.ts.net',
  shortName: 'db',
  names: ['db', 'db.tail1.ts.net', 'postgres.internal'],
  addresses: ['100.64.0.7', 'fd7a:115c:a1e0::7'],
  tags: ['tag:db', 'tag:prod'],
  online: true,
  keyExpired: false,
  lastSeenMs: undefined,
};

const router: Peer = {
  ...db,
  name: 'router.tail1.ts.net',
  shortName: 'router',
  names: ['router', 'router.tail1.ts.net'],
  addresses: ['100.64.0.9'],
  tags: ['tag:router'],
};

const onDb = (host = 'db', ip = '100.64.0.7', port = 5432): PolicyTarget => ({
  host,
  ip,
  port,
  route: 'tailnet',
  owner: { kind: 'peer', peer: db },
  peer: db,
});

const onPublic = (host = 'api.example.com', ip = '203.0.113.5', port = 443): PolicyTarget => ({
  host,
  ip,
  port,
  route: 'direct',
  owner: undefined,
  peer: undefined,
});

const onSubnet = (host = '10.1.2.3', ip = '10.1.2.3', port = 443): PolicyTarget => ({
  host,
  ip,
  port,
  route: 'subnet',
  owner: { kind: 'subnet', peer: router, prefix: '10.0.0.0/8', accepted: true },
  peer: router,
});

const onSelf = (ip = '100.64.0.1', port = 8080): PolicyTarget => ({
  host: ip,
  ip,
  port,
  route: 'tailnet',
  owner: { kind: 'self' },
  peer: undefined,
});

type Lists = Partial<Pick<PolicyInput, 'mode' | 'metadata'>> & {
  allow?: string;
  deny?: string;
  local?: string;
};

const policyOf = ({ allow = '', deny = '', local = '', mode, metadata }: Lists) =>
  compilePolicy({
    mode,
    metadata,
    allow: splitRules(allow, 'SPACETAIL_ALLOW'),
    deny: splitRules(deny, 'SPACETAIL_DENY'),
    allowLocal: splitRules(local, 'SPACETAIL_ALLOW_LOCAL'),
  });

type Case = readonly [title: string, lists: Lists, target: PolicyTarget, expected: string];

const allow = 'allow';
const deny = 'deny http_request_denied';
const special = 'deny destination_ip_prohibited';

const cases: readonly Case[] = [
  ['no lists let everything through', {}, onPublic(), allow],
  ['no lists let a node through', {}, onDb(), allow],
  ['an allow list denies the rest', { allow: 'db' }, onPublic(), deny],
  ['a name allows its host', { allow: 'api.example.com' }, onPublic(), allow],
  ['a name is no suffix', { allow: 'example.com' }, onPublic(), deny],
  ['names are compared in lower case', { allow: 'API.Example.COM.' }, onPublic(), allow],
  ['a suffix matches at any depth', { allow: '*.example.com' }, onPublic('a.b.example.com'), allow],
  ['a suffix does not match the apex', { allow: '*.example.com' }, onPublic('example.com'), deny],
  ['a suffix ends at a dot', { allow: '*.example.com' }, onPublic('notexample.com'), deny],
  ['** is all', { allow: '**' }, onPublic(), allow],
  [
    '** with a port is all hosts at it',
    { allow: '**:443' },
    onPublic('x', '203.0.113.9', 80),
    deny,
  ],
  ['a port must be the same', { allow: 'api.example.com:80' }, onPublic(), deny],
  ['a range holds its ends', { allow: 'api.example.com:400-443' }, onPublic(), allow],
  ['a range does not hold what is past it', { allow: 'api.example.com:1-442' }, onPublic(), deny],
  [':* is every port', { allow: 'api.example.com:*' }, onPublic(), allow],
  ['an address matches the one that is dialled', { allow: '203.0.113.5' }, onPublic(), allow],
  ['a CIDR matches the one that is dialled', { allow: '203.0.113.0/24:443' }, onPublic(), allow],
  ['a CIDR ends where it ends', { allow: '203.0.113.0/30' }, onPublic(), deny],
  ['an IPv6 in brackets', { allow: '[2001:db8::1]:443' }, onPublic('x', '2001:db8::1'), allow],
  ['an IPv6 CIDR', { allow: '2001:db8::/32:443' }, onPublic('x', '2001:db8::1'), allow],
  ['a bracketed IPv6 CIDR', { allow: '[2001:db8::]/32' }, onPublic('x', '2001:db8::1'), allow],
  ['an IPv4 CIDR is no IPv6', { allow: '0.0.0.0/0' }, onPublic('x', '2001:db8::1'), deny],

  ['the short name covers the FQDN', { allow: 'db' }, onDb('db.tail1.ts.net'), allow],
  ['the FQDN covers the short name', { allow: 'db.tail1.ts.net' }, onDb('db'), allow],
  ['an alias covers the node', { allow: 'postgres.internal' }, onDb('db'), allow],
  ['a name covers the node by address', { allow: 'db:5432' }, onDb('100.64.0.7'), allow],
  ['and by its other address', { deny: 'db' }, onDb('x', 'fd7a:115c:a1e0::7'), deny],
  [
    'a denied name cannot be got round by an alias',
    { deny: 'db' },
    onDb('postgres.internal'),
    deny,
  ],
  ['a denied suffix covers short names', { deny: '*.tail1.ts.net' }, onDb('db'), deny],
  [
    'an address rule is for that address only',
    { allow: '100.64.0.7' },
    onDb('db', 'fd7a:115c:a1e0::7'),
    deny,
  ],
  ['a tag', { allow: 'tag:prod' }, onDb(), allow],
  ['a tag with a port', { allow: 'tag:db:5432' }, onDb(), allow],
  ['a tag with another port', { allow: 'tag:db:443' }, onDb(), deny],
  ['another tag', { allow: 'tag:web' }, onDb(), deny],
  ['a peer by its short name', { allow: 'peer:db' }, onDb('x'), allow],
  ['a peer with a port', { allow: 'peer:db:22' }, onDb('x'), deny],
  ['a peer rule is not a host name', { allow: 'peer:api' }, onPublic('api'), deny],
  ["a subnet router's tag does not cover its subnet", { allow: 'tag:router' }, onSubnet(), deny],
  ["a subnet router's name does not cover its subnet", { allow: 'router' }, onSubnet(), deny],
  [
    'a node whose address is not known yet',
    { deny: 'tag:db' },
    { ...onDb(), ip: undefined, owner: undefined },
    deny,
  ],

  ['direct: matches what goes direct', { allow: 'direct:api.example.com' }, onPublic(), allow],
  [
    'direct: never matches what the tailnet routes',
    { allow: 'direct:10.0.0.0/8' },
    onSubnet(),
    deny,
  ],
  ['direct: never matches a node', { allow: 'direct:**' }, onDb(), deny],
  [
    'direct: never matches an exit node',
    { allow: 'direct:**' },
    { ...onPublic(), route: 'exit' },
    deny,
  ],
  [
    'direct: matches a network of the container',
    { allow: 'direct:**' },
    { ...onSubnet(), route: 'direct' },
    allow,
  ],
  ['tailnet: matches a node', { allow: 'tailnet:**' }, onDb(), allow],
  ['tailnet: matches a subnet', { allow: 'tailnet:10.0.0.0/8:443' }, onSubnet(), allow],
  ['tailnet: never matches what goes direct', { allow: 'tailnet:**' }, onPublic(), deny],

  ['deny wins over allow', { allow: '**', deny: 'api.example.com' }, onPublic(), deny],
  ['deny of another port', { deny: 'api.example.com:80' }, onPublic(), allow],

  ['loopback', {}, onPublic('localhost', '127.0.0.1', 3000), special],
  ['loopback with **', { allow: '**' }, onPublic('localhost', '127.0.0.1'), special],
  [
    'a public name that means loopback',
    { allow: '*.example.com' },
    onPublic('evil.example.com', '127.0.0.1'),
    special,
  ],
  [
    'an exact public name that means loopback',
    { allow: 'a.example.com' },
    onPublic('a.example.com', '127.0.0.1'),
    special,
  ],
  [
    'loopback by the rule localhost',
    { allow: 'localhost:3000' },
    onPublic('localhost', '127.0.0.1', 3000),
    allow,
  ],
  ['loopback by its address', { allow: '127.0.0.1:3000' }, onPublic('x', '127.0.0.1', 3000), allow],
  ['loopback by a CIDR within it', { allow: '127.0.0.0/8' }, onPublic('x', '127.0.0.9'), allow],
  ['loopback by a wide CIDR', { allow: '0.0.0.0/0' }, onPublic('x', '127.0.0.1'), special],
  [
    'loopback by SPACETAIL_ALLOW_LOCAL',
    { local: '127.0.0.1:3000' },
    onPublic('x', '127.0.0.1', 3000),
    allow,
  ],
  [
    'another port than SPACETAIL_ALLOW_LOCAL says',
    { local: '127.0.0.1:3000' },
    onPublic('x', '127.0.0.1', 3001),
    special,
  ],
  [
    'SPACETAIL_ALLOW_LOCAL by name',
    { local: 'localhost' },
    onPublic('localhost', '127.0.0.1'),
    allow,
  ],
  [
    'SPACETAIL_ALLOW_LOCAL beside an allow list',
    { local: '127.0.0.1', allow: 'db' },
    onPublic('x', '127.0.0.1'),
    allow,
  ],
  [
    'SPACETAIL_ALLOW_LOCAL has no effect on the rest',
    { local: '**', allow: 'db' },
    onPublic(),
    deny,
  ],
  ['SPACETAIL_ALLOW_LOCAL alone is no allow list', { local: '127.0.0.1' }, onPublic(), allow],
  [
    'deny wins over SPACETAIL_ALLOW_LOCAL',
    { local: '127.0.0.1', deny: '127.0.0.1' },
    onPublic('x', '127.0.0.1'),
    deny,
  ],
  ['this node itself', {}, onSelf(), special],
  [
    'this node itself with the whole tailnet allowed',
    { allow: '100.64.0.0/10' },
    onSelf(),
    special,
  ],
  ['this node itself by its address', { allow: '100.64.0.1:8080' }, onSelf(), allow],
  [
    'quad-100',
    { allow: '100.64.0.0/10' },
    { ...onSelf('100.100.100.100'), owner: { kind: 'unassigned' } },
    special,
  ],
  ['NAT64 of loopback', {}, onPublic('x', '64:ff9b::7f00:1'), special],
  [
    'NAT64 of loopback, allowed as it is dialled',
    { allow: '[64:ff9b::7f00:1]' },
    onPublic('x', '64:ff9b::7f00:1'),
    allow,
  ],
  ['NAT64 of a public address', {}, onPublic('x', '64:ff9b::cb00:7105'), allow],
  [
    'NAT64 of loopback, allowed only as IPv4',
    { allow: '127.0.0.1' },
    onPublic('x', '64:ff9b::7f00:1'),
    special,
  ],
  [
    'an IPv4 CIDR denies what NAT64 leads to',
    { deny: '203.0.113.0/24' },
    onPublic('x', '64:ff9b::cb00:7105'),
    deny,
  ],
  [
    'an IPv4 address denies its translated form',
    { deny: '203.0.113.5' },
    onPublic('x', '::ffff:0:cb00:7105'),
    deny,
  ],
  [
    'an IPv4 CIDR denies what 4via6 leads to',
    { deny: '10.0.0.0/8' },
    onSubnet('x', 'fd7a:115c:a1e0:b1a:0:7:a00:1'),
    deny,
  ],
  [
    'an IPv4 CIDR allows what 4via6 leads to',
    { allow: '10.0.0.0/8' },
    onSubnet('x', 'fd7a:115c:a1e0:b1a:0:7:a00:1'),
    allow,
  ],
  ['4via6 of loopback', {}, { ...onSubnet('x', 'fd7a:115c:a1e0:b1a:0:7:7f00:1') }, special],
  ['4via6 of a private address', {}, { ...onSubnet('x', 'fd7a:115c:a1e0:b1a:0:7:a00:1') }, allow],

  ['a credential endpoint', {}, onPublic('169.254.169.254', '169.254.169.254', 80), allow],
  ['ECS', {}, onPublic('169.254.170.2', '169.254.170.2', 80), allow],
  ['EKS', {}, onPublic('169.254.170.23', '169.254.170.23', 80), allow],
  ['IMDS over IPv6', {}, onPublic('fd00:ec2::254', 'fd00:ec2::254', 80), allow],
  ['EKS over IPv6', {}, onPublic('fd00:ec2::23', 'fd00:ec2::23', 80), allow],
  [
    'a credential endpoint in another spelling',
    {},
    onPublic('0xa9fea9fe', '169.254.169.254', 80),
    special,
  ],
  [
    'a name that means a credential endpoint',
    {},
    onPublic('imds.example.com', '169.254.169.254', 80),
    special,
  ],
  [
    'SPACETAIL_METADATA=deny',
    { metadata: 'deny' },
    onPublic('169.254.169.254', '169.254.169.254', 80),
    special,
  ],
  [
    'a credential endpoint beside an allow list',
    { allow: 'db' },
    onPublic('169.254.169.254', '169.254.169.254', 80),
    special,
  ],
  [
    'a credential endpoint in the allow list',
    { allow: '169.254.169.254:80' },
    onPublic('169.254.169.254', '169.254.169.254', 80),
    allow,
  ],
  [
    'a credential endpoint in the deny list',
    { deny: '169.254.0.0/16' },
    onPublic('169.254.169.254', '169.254.169.254', 80),
    deny,
  ],
  [
    'a credential endpoint through a subnet router',
    {},
    onSubnet('169.254.169.254', '169.254.169.254', 80),
    special,
  ],

  [
    'report lets through what the allow list denies',
    { mode: 'report', allow: 'db' },
    onPublic(),
    'would_deny http_request_denied',
  ],
  [
    'report lets through what a rule denies',
    { mode: 'report', deny: '**' },
    onPublic(),
    'would_deny http_request_denied',
  ],
  [
    'learn lets through what the lists deny',
    { mode: 'learn', allow: 'db' },
    onPublic(),
    'would_deny http_request_denied',
  ],
  ['report keeps loopback shut', { mode: 'report' }, onPublic('x', '127.0.0.1'), special],
  ['learn keeps loopback shut', { mode: 'learn' }, onPublic('x', '127.0.0.1'), special],
];

for (const [title, lists, target, expected] of cases) {
  void t.test(title, async (t) => {
    const verdict = policyOf(lists).judge(target);
    const actual = verdict.decision === 'allow' ? 'allow' : `${verdict.decision} ${verdict.error}`;
    t.equal(actual, expected, verdict.reason);
    t.equal(verdict.hint === '', verdict.decision === 'allow', 'a hint with every denial');
  });
}

const specials = `0.0.0.0 0.1.2.3 127.0.0.1 127.255.255.255 :: ::1 169.254.1.1 fe80::1 224.0.0.1 239.255.255.255 ff02::1
  100.100.100.100 fd7a:115c:a1e0::53 168.63.129.16 100.100.100.200 192.0.0.192 fd00:ec2::254 fd00:ec2::23`;

for (const ip of specials.split(/\s+/)) {
  void t.test(`${ip} is denied unless it is named`, async (t) => {
    const rule = ip.includes(':') ? `[${ip}]` : ip;
    t.match(policyOf({}).judge(onPublic('x', ip)), {
      decision: 'deny',
      error: 'destination_ip_prohibited',
    });
    t.equal(policyOf({ allow: rule }).judge(onPublic('x', ip)).decision, 'allow');
    t.equal(policyOf({ local: rule }).judge(onPublic('x', ip)).decision, 'allow');
  });
}

void t.test('a verdict names the rule and its place', async (t) => {
  const policy = policyOf({ allow: 'tag:web, db:5432', deny: 'db:22' });
  t.match(policy.judge(onDb()), {
    rule: 'db:5432 (SPACETAIL_ALLOW[1])',
    reason: 'the rule db:5432 (SPACETAIL_ALLOW[1]) allows it',
  });
  t.match(policy.judge(onDb('db', '100.64.0.7', 22)), {
    rule: 'db:22 (SPACETAIL_DENY[0])',
    reason: /db:22 .* forbids it/,
  });
  t.match(policy.judge(onPublic()), {
    rule: null,
    reason: 'no allow rule matches api.example.com:443',
  });
});

void t.test('of several rules that match, the first in the list is named', async (t) => {
  const policy = policyOf({
    allow: 'tag:web 203.0.113.0/24 ** api.example.com *.example.com 203.0.113.5',
  });
  t.equal(policy.judge(onPublic()).rule, '203.0.113.0/24 (SPACETAIL_ALLOW[1])');
});

void t.test('a 403 says what to set, and that works', async (t) => {
  const cases: [Lists, PolicyTarget][] = [
    [{ allow: 'db' }, onPublic()],
    [{ allow: 'db' }, onPublic('2001:db8::1', '2001:db8::1')],
    [{}, onPublic('x', '127.0.0.1', 3000)],
    [{}, onPublic('x', '::1', 3000)],
    [{ metadata: 'deny' }, onPublic('169.254.169.254', '169.254.169.254', 80)],
    [{ allow: 'db' }, onPublic('169.254.169.254', '169.254.169.254', 80)],
    [{}, onSubnet('169.254.169.254', '169.254.169.254', 80)],
  ];
  for (const [lists, target] of cases) {
    const { hint } = policyOf(lists).judge(target);
    const [, added = ''] = /add (\S+) to SPACETAIL_ALLOW/i.exec(hint) ?? [];
    const [, local = ''] = /SPACETAIL_ALLOW_LOCAL=(\S+?)\.? /.exec(`${hint} `) ?? [];
    const next = { ...lists, allow: `${lists.allow ?? ''} ${added}`, local };
    t.equal(policyOf(next).judge(target).decision, 'allow', hint);
  }
});

void t.test('what a client wrote cannot break out of a sentence', async (t) => {
  const { reason, hint } = policyOf({ allow: 'db' }).judge(onPublic('a\r\nb\u001b[31m\u2028'));
  t.match(`${reason}${hint}`, /^[\x20-\x7e]*$/);
});
