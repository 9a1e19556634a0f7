import t from 'tap';
import { parseAuthority } from '../../../src/proxy/core/authority.ts';
import { decide } from '../../../src/proxy/decide/decide.ts';
import type { DecideContext, Decision } from '../../../src/proxy/decide/decide.ts';
import { compilePolicy } from '../../../src/proxy/policy/policy.ts';
import { splitRules } from '../../../src/config/rule-text.ts';
import type { Resolution } from '../../../src/tailnet.ts';
import { fakePeer, fakeTailnet } from '../../support/fake-tailnet.ts';

const policy = (allow: string, deny = '') =>
  compilePolicy({
    mode: undefined,
    metadata: undefined,
    allowLocal: [],
    allow: splitRules(allow, 'SPACETAIL_ALLOW'),
    deny: splitRules(deny, 'SPACETAIL_DENY'),
  });

function decideFor(
  target: string,
  resolution: Partial<Resolution>,
  more: Partial<DecideContext> = {},
): Decision {
  const parsed = parseAuthority(target);
  if (parsed.kind === 'malformed') throw new Error(parsed.detail);
  const context: DecideContext = {
    tailnet: fakeTailnet(undefined),
    policy: policy(''),
    attachedNetworks: () => [],
    isDirect: () => false,
    own: { isLoop: () => false },
    hasUpstreamProxy: false,
    ...more,
  };
  const base = {
    kind: 'resolved',
    host: parsed.authority.host,
    source: 'status',
    owned: true,
  } as const;
  return decide(parsed.authority, { ...base, ...resolution } as Resolution, null, context);
}

void t.test('a node is dialled at its preferred address, its others behind it', async (t) => {
  t.match(decideFor('web:80', { addresses: ['100.64.0.7', 'fd7a:115c:a1e0::7'] }), {
    kind: 'dial',
    plan: {
      via: 'tailnet',
      ip: '100.64.0.7',
      addresses: ['100.64.0.7', 'fd7a:115c:a1e0::7'],
      hop: { shortName: 'web' },
      port: 80,
      host: 'web',
    },
  });
});

void t.test('addresses that go another way are left out', async (t) => {
  t.match(decideFor('mixed:80', { addresses: ['203.0.113.1', '100.64.0.7'] }), {
    kind: 'dial',
    plan: { via: 'direct', addresses: ['203.0.113.1'] },
  });
});

void t.test('a node known to be offline is not the first choice among several', async (t) => {
  const tailnet = fakeTailnet(undefined, [
    fakePeer({ online: false }),
    fakePeer({ name: 'b.tail1.ts.net', names: ['b'], addresses: ['100.64.0.8'] }),
  ]);
  const decision = decideFor(
    'db.internal:80',
    { addresses: ['100.64.0.7', '100.64.0.8'] },
    { tailnet },
  );
  t.match(decision, { kind: 'dial', plan: { ip: '100.64.0.8', hop: { name: 'b.tail1.ts.net' } } });
});

void t.test(
  'a denied address is refused with its reason, and the way it would have taken is told',
  async (t) => {
    const decision = decideFor(
      'web:22',
      { addresses: ['100.64.0.7'] },
      { policy: policy('web:80') },
    );
    t.match(decision, {
      kind: 'refuse',
      failure: {
        kind: 'denied',
        detail: 'web:22 is denied: no allow rule matches web:22',
        hint: /SPACETAIL_ALLOW/,
      },
      findings: { via: 'tailnet', ip: '100.64.0.7', isRouted: true, peer: { shortName: 'web' } },
    });
  },
);

void t.test(
  'the policy is judged before a closed route is told: a denied target learns nothing of the tailnet',
  async (t) => {
    const decision = decideFor(
      '100.99.0.1:22',
      { addresses: ['100.99.0.1'] },
      { policy: policy('web') },
    );
    t.match(decision, { kind: 'refuse', failure: { kind: 'denied' } });
    t.match(decideFor('100.99.0.1:22', { addresses: ['100.99.0.1'] }), {
      kind: 'refuse',
      failure: { kind: 'peer_unavailable' },
    });
  },
);

void t.test('a subnet address belongs to its router in the log', async (t) => {
  const router = fakePeer({ name: 'router.tail1.ts.net' });
  const tailnet = fakeTailnet(undefined);
  tailnet.owners.set('10.1.2.3', {
    kind: 'subnet',
    peer: router,
    prefix: '10.1.0.0/16',
    accepted: true,
  });
  t.match(decideFor('10.1.2.3:80', { addresses: ['10.1.2.3'], owned: true }, { tailnet }), {
    kind: 'dial',
    plan: { via: 'subnet', peer: router, hop: router },
  });
});

void t.test(
  'no address: dns_error, dns_timeout or 503, and nothing is left to the host network',
  async (t) => {
    const owned = { host: 'x', owned: true, detail: 'why' } as const;
    const context = { hasUpstreamProxy: true };
    t.match(
      decideFor('x:1', { ...owned, kind: 'not_found', source: undefined, nearest: [] }, context),
      { failure: { kind: 'name_unknown' }, findings: { via: 'tailnet' } },
    );
    t.match(decideFor('x:1', { ...owned, kind: 'no_answer' }, context), {
      failure: { kind: 'resolver_silent' },
    });
    t.match(decideFor('x:1', { ...owned, kind: 'unavailable' }, context), {
      failure: { kind: 'tailnet_unavailable' },
    });
  },
);

void t.test(
  "the cloud's credential endpoints go direct as the AWS SDK writes them, and in no other spelling",
  async (t) => {
    const addresses = ['169.254.169.254'] as const;
    t.match(decideFor('169.254.169.254:80', { addresses, owned: false }), {
      kind: 'dial',
      plan: { via: 'direct' },
    });
    t.match(decideFor('0xa9fea9fe:80', { addresses, owned: false }), {
      kind: 'refuse',
      failure: { kind: 'ip_prohibited' },
    });
    t.match(decideFor('rebind.example:80', { addresses, owned: false }), {
      kind: 'refuse',
      failure: { kind: 'ip_prohibited' },
    });
    const ipv6 = ['fd00:ec2::254'] as const;
    t.match(decideFor('[fd00:ec2::254]:80', { addresses: ipv6, owned: false }), {
      kind: 'dial',
      plan: { via: 'direct' },
    });
  },
);

void t.test(
  "this node's own address is special, and goes through tailscaled when allowed",
  async (t) => {
    const tailnet = fakeTailnet(undefined);
    tailnet.owners.set('100.64.0.1', { kind: 'self' });
    t.match(decideFor('100.64.0.1:80', { addresses: ['100.64.0.1'] }, { tailnet }), {
      failure: { kind: 'ip_prohibited' },
    });
    t.match(
      decideFor(
        '100.64.0.1:80',
        { addresses: ['100.64.0.1'] },
        { tailnet, policy: policy('100.64.0.1') },
      ),
      { kind: 'dial', plan: { via: 'tailnet' } },
    );
  },
);

void t.test(
  'a name is denied where one of its addresses is a metadata service that is denied',
  async (t) => {
    for (const addresses of [
      ['203.0.113.1', '169.254.169.254'],
      ['fd00:ec2::254', '169.254.169.254'],
      ['100.64.0.7', 'fd00:ec2::254'],
    ] as const) {
      t.match(decideFor('sly.example:80', { owned: false, addresses: [...addresses] }), {
        kind: 'refuse',
        failure: { kind: 'ip_prohibited', detail: /is denied: .* the metadata service/ },
      });
    }
    t.match(
      decideFor('mixed.example:80', { owned: false, addresses: ['127.0.0.1', '203.0.113.1'] }),
      { kind: 'dial', plan: { addresses: ['203.0.113.1'] } },
      'another special address is left out',
    );
  },
);

void t.test('a credential endpoint is excepted only where it is written exactly so', async (t) => {
  const asked = (written: string, address: string) =>
    decideFor(`${written}:80`, { owned: false, source: 'literal', addresses: [address] }).kind;
  t.equal(asked('169.254.169.254', '169.254.169.254'), 'dial');
  t.equal(asked('[fd00:ec2::254]', 'fd00:ec2::254'), 'dial');
  t.equal(asked('[fd00:ec2::23]', 'fd00:ec2::23'), 'dial');
  t.equal(asked('169.254.169.254.', '169.254.169.254'), 'refuse', 'with a final dot');
  t.equal(asked('[FD00:EC2::254]', 'fd00:ec2::254'), 'refuse', 'in upper case');
  t.equal(asked('[::ffff:a9fe:a9fe]', '169.254.169.254'), 'refuse', 'IPv4-mapped');
  t.equal(asked('metadata.google.internal', '169.254.169.254'), 'refuse');
  t.equal(asked('metadata.google.internal.', '169.254.169.254'), 'refuse', 'and with its dot');
});

void t.test('a credential endpoint goes by the host network, past an exit node too', async (t) => {
  const exitNode = fakePeer({ name: 'exit.tail1.ts.net' });
  const tailnet = { ...fakeTailnet(undefined), exitNode: () => exitNode };
  for (const ip of ['169.254.169.254', 'fd00:ec2::254']) {
    const target = ip.includes(':') ? `[${ip}]` : ip;
    const resolution = { owned: false, source: 'literal', addresses: [ip] } as const;
    t.match(decideFor(`${target}:80`, resolution, { tailnet }), {
      kind: 'dial',
      plan: { via: 'direct' },
    });
  }
});

void t.test('of a name at most 64 addresses are looked at', async (t) => {
  const addresses = Array.from({ length: 4000 }, (_, at) => `203.0.${at >> 8}.${at & 255}`);
  const decision = decideFor('many.example:80', {
    owned: false,
    addresses: addresses as unknown as [string],
  });
  t.equal(decision.kind === 'dial' && decision.plan.addresses.length, 64);
});
