import t from 'tap';
import { combineTailnets, readyState } from '../../../src/proxy/decide/combine-tailnets.ts';
import { candidatesFor } from '../../../src/proxy/decide/candidates.ts';
import { unknownTailnet } from '../../../src/proxy/decide/before-netmap.ts';
import { compilePolicy } from '../../../src/proxy/policy/policy.ts';
import type { Resolution, Tailnet } from '../../../src/tailnet.ts';
import {
  holdersOf,
  mustWait,
  ownerAmong,
  splitTailnet,
  suffixOwner,
} from '../../../src/proxy/decide/tailnets.ts';
import { fakePeer, fakeTailnet, type FakeTailnet } from '../../support/fake-tailnet.ts';

function named(name: string, suffix: string, address = '100.64.0.7'): FakeTailnet {
  const peer = fakePeer({
    name: `web.${suffix}`,
    names: ['web', `web.${suffix}`],
    addresses: [address],
  });
  const own = (host: string) => (host.endsWith(`.${suffix}`) ? suffix : undefined);
  return Object.assign(fakeTailnet({ host: '127.0.0.1', port: 1 }, [peer]), {
    name,
    ownedSuffix: own,
    ownsName: (host: string) => own(host) !== undefined,
  });
}

function run(...members: [FakeTailnet, ...FakeTailnet[]]) {
  const tailnet = combineTailnets(members);
  const context = {
    tailnet,
    policy: compilePolicy({
      mode: 'enforce',
      allow: [],
      deny: [],
      allowLocal: [],
      metadata: undefined,
    }),
    attachedNetworks: () => [],
    isDirect: () => false,
    own: { isLoop: () => false },
    hasUpstreamProxy: false,
  };
  const candidates = (address: string, from?: Tailnet, only?: Tailnet) => {
    const resolution: Resolution = {
      kind: 'resolved',
      host: 'h',
      source: 'dns',
      owned: from !== undefined,
      addresses: [address],
      ...(from && { tailnet: from }),
    };
    return candidatesFor({ written: 'h', host: 'h', port: 80 }, resolution, context, only)[0];
  };
  return { tailnet, candidates };
}

void t.test('one tailnet as all of them is itself', async (t) => {
  const one = named('', 'a.test');
  t.equal(combineTailnets([one]), one);
});

void t.test(
  'an address goes to the first that has it, before any that merely claims it',
  async (t) => {
    const [first, second] = [named('a', 'a.test', '100.64.0.9'), named('b', 'b.test')];
    t.equal(ownerAmong([first, second], '100.64.0.7')?.tailnet, second);
    t.equal(ownerAmong([first, second], '100.64.0.9')?.tailnet, first);
    t.equal(ownerAmong([first, second], '100.99.0.1')?.tailnet, first);
    t.equal(ownerAmong([first, second], '203.0.113.1'), undefined);
    t.same(holdersOf([named('a', 'a.test'), second], '100.64.0.7'), ['a', 'b']);
  },
);

void t.test('the longest suffix owns a name, in whichever order', async (t) => {
  const [wide, narrow] = [named('wide', 'test'), named('narrow', 'sub.test')];
  for (const members of [
    [wide, narrow],
    [narrow, wide],
  ]) {
    t.equal(suffixOwner(members, 'web.sub.test'), narrow);
    t.equal(suffixOwner(members, 'web.other.test'), wide);
    t.equal(suffixOwner(members, 'web'), undefined);
  }
});

void t.test('only the name of a tailnet is taken off a host', async (t) => {
  const members = [named('a', 'a.test'), named('b', 'b.test')];
  const split = (host: string) => splitTailnet({ written: host, host, port: 1 }, members);
  t.match(split('b!web'), { only: members[1], authority: { host: 'web', written: 'web' } });
  t.match(split('B![fd7a::1]'), { only: members[1], authority: { host: 'fd7a::1' } });
  t.match(split('c!web'), { only: undefined, authority: { host: 'c!web' } });
  t.match(split('!web'), { only: undefined, authority: { host: '!web' } });
  t.match(splitTailnet({ written: 'x', host: '!x', port: 1 }, [named('', 'a.test')]), {
    only: undefined,
  });
});

void t.test('what one tailnet answers is dialled there or nowhere', async (t) => {
  const [a, b] = [named('a', 'a.test', '100.64.0.9'), named('b', 'b.test')];
  b.owners.set('10.0.0.1', {
    kind: 'subnet',
    peer: fakePeer(),
    prefix: '10.0.0.0/8',
    accepted: true,
  });
  const { candidates } = run(a, b);
  t.match(candidates('10.0.0.1'), { tailnet: b, route: { via: 'subnet' } });
  t.match(candidates('10.0.0.1', b), { tailnet: b, route: { via: 'subnet' } });
  t.match(candidates('10.0.0.1', a), {
    tailnet: undefined,
    route: { closed: { detail: /of b$/ } },
  });
  t.match(candidates('100.64.0.7', a), { tailnet: a, route: { closed: {} } });
  t.equal(candidates('203.0.113.1', a)?.route.closed, undefined, 'public, as with one tailnet');
  t.match(candidates('203.0.113.1', undefined, a), { route: { closed: {} } });
});

void t.test('while one is unknown nothing leaves that may be its own', async (t) => {
  const [a, b] = [named('a', 'a.test', '100.64.0.9'), named('b', 'b.test')];
  const { tailnet, candidates } = run(a, b);
  b.joined = false;
  const refused = (host: string) => unknownTailnet(host, tailnet) !== undefined;
  t.notOk(refused('web.a.test'));
  t.notOk(refused('web'), 'the first in the order has it');
  t.notOk(refused('100.64.0.9'));
  t.ok(refused('100.64.0.7'));
  t.ok(refused('public.test'));
  t.match(candidates('203.0.113.1'), { route: { closed: {} } });
  t.match(candidates('203.0.113.1', a), { route: { closed: {} } }, 'an answer of the other, too');
  t.ok(unknownTailnet('web', tailnet, b), 'asked for by name');
  b.joined = true;
  a.joined = false;
  t.ok(refused('web'), 'it may be the first one’s');
  t.ok(refused('100.64.0.7'));
  t.notOk(refused('web.b.test'));
});

void t.test('an optional one that was not joined holds back only what is not public', async (t) => {
  const [a, b] = [named('a', 'a.test', '100.64.0.9'), named('b', 'b.test')];
  Object.assign(b, { isOptional: true, joined: false });
  b.current = { kind: 'starting', detail: 'at step login' };
  const { tailnet, candidates } = run(a, b);
  const refused = (host: string) => unknownTailnet(host, tailnet) !== undefined;
  t.ok(refused('public.test'), 'it may still come');
  b.current = { kind: 'down', detail: 'no answer' };
  for (const host of ['public.test', '203.0.113.1', '2001:db8::1', 'web.a.test', 'web'])
    t.notOk(refused(host), host);
  for (const host of [
    'other',
    'web.b.test',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.7',
    'fd00::1',
  ])
    t.ok(refused(host), host);
  t.equal(candidates('203.0.113.1')?.route.closed, undefined);
  t.match(
    candidates('10.0.0.1'),
    { route: { closed: { detail: /of b, which/ } } },
    'of a public name, too',
  );
  t.ok(unknownTailnet('public.test', tailnet, b), 'asked for by its name');
  t.match(tailnet.state(), { kind: 'down', detail: 'b: no answer' });
  t.same(readyState(tailnet), { kind: 'running' });
  a.current = { kind: 'down', detail: 'gone' };
  t.match(readyState(tailnet), { kind: 'down' });
  b.joined = true;
  t.notOk(refused('10.0.0.1'), 'its netmap tells');
});

void t.test('a rule with a tailnet holds there alone', async (t) => {
  const input = { mode: 'enforce', deny: [], allowLocal: [], metadata: undefined } as const;
  const allow = [{ text: 'b!100.64.0.7:443', place: 'SPACETAIL_ALLOW[0]' }];
  const policy = compilePolicy({ ...input, allow, tailnets: ['a', 'b'] });
  const target = { host: '100.64.0.7', ip: '100.64.0.7', port: 443, route: 'tailnet' } as const;
  const peer = fakePeer();
  const judge = (tailnet: string) =>
    policy.judge({ ...target, owner: { kind: 'peer', peer }, peer, tailnet }).decision;
  t.equal(judge('b'), 'allow');
  t.equal(judge('a'), 'deny');
  const unknown = [{ text: 'c!web', place: 'SPACETAIL_ALLOW[0]' }];
  t.throws(() => compilePolicy({ ...input, allow: unknown, tailnets: ['a', 'b'] }), {
    code: 'config_invalid',
    message: /"c" is not one of SPACETAIL_TAILNETS/,
  });
  t.throws(() => compilePolicy({ ...input, allow }), { message: /is not a host name/ });
});

void t.test(
  'who dialled in is asked of each; one that runs and is silent is not passed over',
  async (t) => {
    const [a, b] = [named('a', 'a.test'), named('b', 'b.test')];
    const { tailnet } = run(a, b);
    const asked = () => tailnet.inboundPeer('127.0.0.1', 1, AbortSignal.timeout(20_000));
    b.inbound = 'eve.b.test';
    t.equal(await asked(), 'eve.b.test');
    b.inbound = undefined;
    t.equal(await asked(), undefined);
    a.inboundPeer = () => Promise.reject(new Error('silent'));
    await t.rejects(asked());
    a.current = { kind: 'down', detail: 'gone' };
    t.equal(await asked(), undefined);
    t.match(tailnet.state(), { kind: 'down', detail: 'a: gone' });
  },
);

void t.test('regression: what is certainly one tailnet’s waited for another to join', async (t) => {
  const prod = named('prod', 'prod.ts.net');
  const partner = named('partner', 'partner.ts.net', '100.64.0.8');
  partner.current = { kind: 'starting', detail: 'at step join' };
  const all = combineTailnets([prod, partner]);
  for (const host of ['web', 'web.prod.ts.net', 'gone.prod.ts.net', '100.64.0.7'])
    t.equal(mustWait(host, all), false, host);
  for (const host of ['web.partner.ts.net', '100.64.0.9', 'db', 'public.example'])
    t.equal(mustWait(host, all), true, host);
  t.equal(mustWait('web', all, prod), false);
  t.equal(mustWait('web', all, partner), true);
  prod.current = { kind: 'starting', detail: 'again' };
  t.equal(mustWait('web', all), true, 'its own is waited for');
  t.equal(mustWait('web', combineTailnets([prod])), true, 'the only one too');
});
