import t from 'tap';
import { resolveAmong } from '../../src/serve/resolve-among.ts';
import { fakeResolver } from '../support/fake-resolver.ts';
import { type FakeTailnet, fakePeer, fakeTailnet } from '../support/fake-tailnet.ts';

const soon = () => AbortSignal.timeout(5_000);

function tailnetOf(name: string, node: string, suffix: string): FakeTailnet {
  const peer = fakePeer({
    name: `${node}.${suffix}`,
    shortName: node,
    names: [node, `${node}.${suffix}`],
  });
  const owns = (host: string) => host.endsWith(`.${suffix}`);
  return Object.assign(fakeTailnet(undefined, [peer]), {
    name,
    ownsName: owns,
    ownedSuffix: (host: string) => (owns(host) ? suffix : undefined),
  });
}

function setUp() {
  const prod = tailnetOf('prod', 'web', 'prod.ts.net');
  const partner = tailnetOf('partner', 'db', 'partner.ts.net');
  const asked = fakeResolver(prod, { 'public.example': ['203.0.113.9'] });
  const resolver = resolveAmong(
    [
      { tailnet: prod, resolver: asked },
      { tailnet: partner, resolver: fakeResolver(partner) },
    ],
    { isDirect: () => false, warn: () => {} },
  );
  return { prod, partner, asked, resolver };
}

void t.test(
  'regression: prod!name that only partner has was asked of the public resolver',
  async (t) => {
    const { prod, asked, resolver } = setUp();
    for (const host of ['db', 'db.partner.ts.net', 'nothing.partner.ts.net']) {
      t.match(
        await resolver.resolve(host, soon(), prod),
        { kind: 'not_found', owned: true, detail: 'prod has no such name, partner has' },
        host,
      );
    }
    t.same(asked.asked, []);
  },
);

void t.test('what nobody has is asked as the tailnet that was named is configured', async (t) => {
  const { prod, asked, resolver } = setUp();
  t.match(await resolver.resolve('public.example', soon(), prod), {
    kind: 'resolved',
    addresses: ['203.0.113.9'],
  });
  t.match(await resolver.resolve('web', soon(), prod), { kind: 'resolved', tailnet: prod });
  t.same(asked.asked, ['public.example']);
});
