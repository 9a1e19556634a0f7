import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { DialContext, Dialled } from '../../../src/proxy/dial/dial-context.ts';
import { dial } from '../../../src/proxy/dial/dial.ts';
import type { Plan } from '../../../src/proxy/decide/decide.ts';
import { rawSocks } from '../../support/fake-socks.ts';
import { fakePeer, fakeTailnet } from '../../support/fake-tailnet.ts';
import type { FakeTailnet } from '../../support/fake-tailnet.ts';
import { planFor } from '../../support/plan.ts';
import { waitFor } from '../../support/wait-for.ts';
import { fakeResolver } from '../../support/fake-resolver.ts';

const OK = Buffer.from([5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
const GENERAL_FAILURE = Buffer.from([5, 0, 5, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
const NEVER = new AbortController().signal;

async function tryDial(
  tailnet: FakeTailnet,
  plan: Plan = planFor({ hop: tailnet.peers[0] }),
  { connectTimeoutMs = 10_000, signal = NEVER, isAhead = false } = {},
): Promise<{ dialled: Dialled }> {
  const context: DialContext = {
    tailnet,
    connectTimeoutMs,
    resolver: fakeResolver(tailnet),
    upstreamProxy: undefined,
    hostRoute: () => 'direct',
  };
  const dialled = await dial(plan, { isFixed: true, signal, isAhead }, context);
  if (dialled.kind === 'connected') dialled.connection.socket.destroy();
  return { dialled };
}

void t.test('a quick refusal is asked after, named, and not tried again', async (t) => {
  const socks = await rawSocks(t, () => GENERAL_FAILURE);
  const tailnet = fakeTailnet(socks);
  const { dialled } = await tryDial(tailnet);
  t.match(dialled, {
    kind: 'failed',
    failure: { kind: 'refused', detail: /^web:80 refused the connection \(web\.tail1/ },
  });
  t.equal(tailnet.asked.diagnose, 1);
  t.equal(socks.accepted.count, 1);
});

void t.test('one dialled ahead is one connection: not asked after, not tried again', async (t) => {
  const socks = await rawSocks(t, () => GENERAL_FAILURE);
  const tailnet = fakeTailnet(socks);
  for (const diagnosis of ['no_answer', 'alive'] as const) {
    tailnet.diagnosis = { kind: diagnosis, detail: '' };
    const { dialled } = await tryDial(tailnet, undefined, { isAhead: true });
    t.match(dialled, { kind: 'failed', failure: { kind: 'refused' } });
  }
  t.equal(tailnet.asked.diagnose, 0);
  t.equal(socks.accepted.count, 2);
});

void t.test('reply 5 needs no question', async (t) => {
  const tailnet = fakeTailnet(await rawSocks(t, () => Buffer.from([5, 0, 5, 5, 0, 1])));
  t.match((await tryDial(tailnet)).dialled, { failure: { kind: 'refused' } });
  t.equal(tailnet.asked.diagnose, 0);
});

void t.test('what LocalAPI calls unreachable is unroutable', async (t) => {
  const tailnet = fakeTailnet(await rawSocks(t, () => GENERAL_FAILURE));
  tailnet.diagnosis = { kind: 'unreachable', detail: 'no route to host' };
  t.match((await tryDial(tailnet)).dialled, {
    failure: { kind: 'unroutable', detail: /no route to host/ },
  });
});

void t.test('a dial without an answer is repeated until the deadline', async (t) => {
  let attempts = 0;
  const socks = await rawSocks(t, () => {
    attempts += 1;
    return attempts < 3 ? GENERAL_FAILURE : OK;
  });
  const tailnet = fakeTailnet(socks);
  tailnet.diagnosis = { kind: 'no_answer', detail: '' };
  t.equal((await tryDial(tailnet)).dialled.kind, 'connected');
  t.equal(attempts, 3);
  attempts = -100;
  const { dialled } = await tryDial(tailnet, undefined, { connectTimeoutMs: 700 });
  t.match(dialled, { failure: { kind: 'timed_out', detail: /did not answer within 0\.7 s/ } });
});

void t.test('a SOCKS port that says nothing ends at the deadline', async (t) => {
  const tailnet = fakeTailnet(await rawSocks(t, () => undefined));
  const { dialled } = await tryDial(tailnet, undefined, { connectTimeoutMs: 300 });
  t.match(dialled, { failure: { kind: 'timed_out' } });
});

void t.test(
  'an offline node that answers neither dial nor ping is named within two seconds',
  async (t) => {
    const peer = fakePeer({ online: false, lastSeenMs: Date.now() - 3_600_000 * 3 });
    const tailnet = fakeTailnet(await rawSocks(t, () => undefined), [peer]);
    const dialling = tryDial(tailnet, planFor({ hop: peer }), { connectTimeoutMs: 10_000 });
    // Both clocks began in this turn, so their order holds on a slow machine too.
    const first = await Promise.race([dialling, sleep(2000)]);
    t.match(first, {
      dialled: {
        failure: {
          kind: 'peer_unavailable',
          detail: 'web.tail1.ts.net is offline: last seen 3 h ago (tag:web)',
        },
      },
    });
    await dialling;
    t.equal(tailnet.asked.ping, 1);
  },
);

void t.test('an offline node that answers the dial is reached', async (t) => {
  const peer = fakePeer({ online: false });
  const tailnet = fakeTailnet(await rawSocks(t, () => OK), [peer]);
  const { dialled } = await tryDial(tailnet, planFor({ hop: peer }));
  t.equal(dialled.kind, 'connected');
});

void t.test('an offline node that answers the ping is given the whole time', async (t) => {
  const peer = fakePeer({ online: false });
  const socks = await rawSocks(t, (socket) => {
    setTimeout(() => socket.write(OK), 1800);
    return undefined;
  });
  const tailnet = fakeTailnet(socks, [peer]);
  tailnet.pingAnswers = true;
  t.equal(
    (await tryDial(tailnet, planFor({ hop: peer }), { connectTimeoutMs: 5000 })).dialled.kind,
    'connected',
  );
});

void t.test('a node whose key has expired is not dialled', async (t) => {
  const socks = await rawSocks(t, () => OK);
  const peer = fakePeer({ keyExpired: true });
  const { dialled } = await tryDial(fakeTailnet(socks, [peer]), planFor({ hop: peer }));
  t.match(dialled, {
    failure: { kind: 'peer_unavailable', detail: /^the key of web\.tail1\.ts\.net has expired/ },
  });
  t.equal(socks.accepted.count, 0);
});

void t.test('with tailscaled down nothing is dialled, by no way', async (t) => {
  const socks = await rawSocks(t, () => OK);
  const tailnet = fakeTailnet(socks);
  tailnet.current = { kind: 'down', detail: 'tailscaled ended with code 1' };
  t.match((await tryDial(tailnet)).dialled, {
    failure: { kind: 'tailnet_unavailable', detail: /tailscaled ended with code 1/ },
  });
  tailnet.current = { kind: 'running' };
  tailnet.socks = undefined;
  t.match((await tryDial(tailnet)).dialled, { failure: { kind: 'tailnet_unavailable' } });
  tailnet.socks = { host: '127.0.0.1', port: 1 };
  t.match((await tryDial(tailnet)).dialled, {
    failure: { kind: 'tailnet_unavailable', detail: /ECONNREFUSED/ },
  });
  t.equal(socks.accepted.count, 0);
});

void t.test(
  'a SOCKS port that is none, or that ends in the middle, is tailscaled being down',
  async (t) => {
    const replies = [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), Buffer.from([5, 0, 5])];
    for (const reply of replies) {
      const tailnet = fakeTailnet(await rawSocks(t, (socket) => void socket.end(reply)));
      t.match((await tryDial(tailnet)).dialled, { failure: { kind: 'tailnet_unavailable' } });
    }
  },
);

void t.test('a client that goes away ends the dial', async (t) => {
  const socks = await rawSocks(t, () => undefined);
  const { dialled } = await tryDial(fakeTailnet(socks), undefined, {
    signal: AbortSignal.timeout(100),
  });
  t.match(dialled, { failure: { kind: 'client_gone' } });
});

void t.test(
  'what SOCKS answers does not count once the netmap has let go of the address',
  async (t) => {
    const peer = fakePeer();
    const router = fakePeer({ name: 'router.tail1.ts.net', addresses: ['100.64.0.9'] });
    const subnet = { kind: 'subnet', peer: router, prefix: '10.9.0.0/16', accepted: true } as const;
    for (const [plan, leave] of [
      [planFor({ hop: peer }), (tailnet: FakeTailnet) => void (tailnet.peers = [])],
      [
        planFor({ hop: router, via: 'subnet', ip: '10.9.0.1', owner: subnet }),
        (tailnet: FakeTailnet) => tailnet.owners.clear(),
      ],
      [
        planFor({ hop: router, via: 'subnet', ip: '10.9.0.1', owner: subnet }),
        (tailnet: FakeTailnet) =>
          void tailnet.owners.set('10.9.0.1', { ...subnet, accepted: false }),
      ],
      [
        planFor({ hop: router, via: 'exit', ip: '203.0.113.1', owner: undefined }),
        (tailnet: FakeTailnet) => void (tailnet.exit = undefined),
      ],
    ] as const) {
      const socks = await rawSocks(t, (socket) => {
        socket.resume().on('end', () => socket.end());
        leave(tailnet);
        return OK;
      });
      const tailnet = fakeTailnet(socks, [peer]);
      tailnet.owners.set('10.9.0.1', subnet);
      tailnet.exit = router;
      t.match((await tryDial(tailnet, plan)).dialled, {
        kind: 'failed',
        failure: {
          kind: 'peer_unavailable',
          detail: /no node of the tailnet has its address any more/,
        },
      });
      await waitFor(() => socks.open.size === 0, { what: 'the end of the connection' });
    }
  },
);

void t.test('a node is news to its peers for 45 s: a silent dial goes on so long', async (t) => {
  let attempts = 0;
  const socks = await rawSocks(t, () => {
    attempts += 1;
    return attempts < 3 ? GENERAL_FAILURE : OK;
  });
  const tailnet = fakeTailnet(socks);
  tailnet.diagnosis = { kind: 'no_answer', detail: '' };
  // Without the join's grace this would be over after the first attempt.
  tailnet.joinedAt = performance.now();
  const impatient = { connectTimeoutMs: 1 };
  t.equal((await tryDial(tailnet, undefined, impatient)).dialled.kind, 'connected');
  for (const [joinedAt, online] of [
    [performance.now() - 60_000, true],
    [performance.now(), false],
    [undefined, true],
  ] as const) {
    attempts = -100;
    tailnet.joinedAt = joinedAt;
    const plan = planFor({ hop: fakePeer({ online }) });
    t.equal((await tryDial(tailnet, plan, impatient)).dialled.kind, 'failed');
  }
});

void t.test(
  'the peer is asked whether it knows this node beside the dial, not before it',
  async (t) => {
    const tailnet = fakeTailnet(await rawSocks(t, () => OK));
    tailnet.meet = async () => new Promise<boolean>(() => {});
    t.equal((await tryDial(tailnet)).dialled.kind, 'connected');
  },
);

void t.test(
  'the first dial of a newborn node came before the peer knew of it, and took 5 s',
  async (t) => {
    const order: string[] = [];
    const socks = await rawSocks(t, () => {
      order.push('dialled');
      return OK;
    });
    const tailnet = fakeTailnet(socks);
    tailnet.joinedAt = performance.now();
    tailnet.meet = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push('met');
      return true;
    };
    t.equal((await tryDial(tailnet)).dialled.kind, 'connected');
    t.strictSame(order, ['met', 'dialled']);
  },
);
