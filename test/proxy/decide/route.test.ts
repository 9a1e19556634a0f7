import t from 'tap';
import { chooseRoute, longestAttached } from '../../../src/proxy/decide/route.ts';
import type { RouteQuestion } from '../../../src/proxy/decide/route.ts';
import { fakePeer } from '../../support/fake-tailnet.ts';

const peer = fakePeer();
const router = fakePeer({ name: 'router.tail1.ts.net' });
const exitNode = fakePeer({ name: 'exit.tail1.ts.net' });

const routeTo = (ip: string, more: Partial<RouteQuestion> = {}) =>
  chooseRoute({
    ip,
    owner: undefined,
    exitNode: undefined,
    attached: [],
    isDirectAddress: false,
    isDirectHost: false,
    ...more,
  });

const inSubnet = { kind: 'subnet', peer: router, prefix: '10.1.0.0/16', accepted: true } as const;

void t.test("a node's address goes to the node, and never out by the host network", async (t) => {
  const owner = { kind: 'peer', peer } as const;
  t.match(routeTo('100.64.0.7', { owner }), { via: 'tailnet', peer });
  t.match(routeTo('100.64.0.7', { owner, attached: ['100.64.0.0/16'], isDirectHost: true }), {
    via: 'tailnet',
  });
});

void t.test("an address of the tailnet's range that nobody has goes nowhere", async (t) => {
  const route = routeTo('100.64.9.9', {
    owner: { kind: 'unassigned' },
    attached: ['100.64.0.0/10'],
  });
  t.match(route, { via: 'tailnet', closed: { detail: /100\.64\.9\.9/ } });
});

void t.test('SPACETAIL_DIRECT by address takes an address out of the tailnet', async (t) => {
  t.match(routeTo('100.64.9.9', { owner: { kind: 'unassigned' }, isDirectAddress: true }), {
    via: 'direct',
    closed: undefined,
  });
});

void t.test('a subnet is reached through its router', async (t) => {
  t.match(routeTo('10.1.2.3', { owner: inSubnet }), {
    via: 'subnet',
    peer: router,
    closed: undefined,
  });
});

void t.test(
  'a subnet that is not accepted is closed, not dialled by the host network',
  async (t) => {
    const route = routeTo('10.1.2.3', { owner: { ...inSubnet, accepted: false } });
    t.equal(route.via, 'subnet');
    t.equal(
      route.closed?.detail,
      '10.1.2.3 is in 10.1.0.0/16, advertised by router.tail1.ts.net, not accepted',
    );
    t.match(route.closed?.hint, '--accept-routes');
  },
);

void t.test(
  'a network the container is attached to wins a tie, and loses to a longer prefix',
  async (t) => {
    t.equal(routeTo('10.1.2.3', { owner: inSubnet, attached: ['10.1.0.9/16'] }).via, 'direct');
    t.equal(routeTo('10.1.2.3', { owner: inSubnet, attached: ['10.1.2.0/24'] }).via, 'direct');
    t.equal(routeTo('10.1.2.3', { owner: inSubnet, attached: ['10.0.0.0/8'] }).via, 'subnet');
    t.equal(routeTo('10.1.2.3', { owner: inSubnet, attached: ['10.9.0.0/16'] }).via, 'subnet');
  },
);

void t.test(
  'with an exit node everything public goes through it, except what SPACETAIL_DIRECT names',
  async (t) => {
    t.match(routeTo('203.0.113.5', { exitNode }), { via: 'exit', peer: exitNode });
    t.equal(routeTo('203.0.113.5', { exitNode, isDirectHost: true }).via, 'direct');
    t.equal(routeTo('192.0.2.1', { exitNode, attached: ['192.0.2.0/24'] }).via, 'direct');
    t.equal(routeTo('203.0.113.5').via, 'direct');
  },
);

void t.test(
  'loopback and link-local never enter a tailnet, whatever a peer claims to serve',
  async (t) => {
    for (const ip of ['127.0.0.1', '169.254.169.254', '::1', 'fe80::1', '0.0.0.0']) {
      t.equal(
        routeTo(ip, { owner: { ...inSubnet, prefix: '0.0.0.0/0' }, exitNode }).via,
        'direct',
        ip,
      );
    }
  },
);

void t.test('the longest attached prefix counts', async (t) => {
  t.equal(longestAttached(['10.0.0.0/8', '10.1.0.0/16', 'rubbish', 'fd00::/8'], '10.1.2.3'), 16);
  t.equal(longestAttached([], '10.1.2.3'), -1);
});

void t.test('SPACETAIL_DIRECT by name goes past a subnet, not past a node', async (t) => {
  const subnet = { kind: 'subnet', peer: router, prefix: '10.0.0.0/8', accepted: true } as const;
  t.match(routeTo('10.1.2.3', { owner: subnet, isDirectHost: true }), {
    via: 'direct',
    because: 'SPACETAIL_DIRECT names the host',
  });
  const closed = { ...subnet, accepted: false };
  t.match(routeTo('10.1.2.3', { owner: closed, isDirectHost: true }), { via: 'direct' });
  t.equal(routeTo('10.1.2.3', { owner: subnet }).via, 'subnet');
  t.equal(
    routeTo('100.64.0.7', { owner: { kind: 'peer', peer }, isDirectHost: true }).via,
    'tailnet',
  );
});

void t.test(
  'regression: a subnet that was accepted and is served no more went direct',
  async (t) => {
    const owner = { kind: 'unassigned', prefix: '10.1.0.0/16' } as const;
    const route = routeTo('10.1.2.3', { owner });
    t.match(route, { via: 'subnet', peer: undefined, closed: { detail: /served by no node now/ } });
    t.equal(routeTo('10.1.2.3', { owner, isDirectHost: true }).via, 'direct');
    t.equal(routeTo('10.1.2.3', { owner, attached: ['10.1.2.0/24'] }).via, 'direct');
    t.equal(routeTo('10.1.2.3', { owner, attached: ['10.0.0.0/8'] }).via, 'subnet');
  },
);
