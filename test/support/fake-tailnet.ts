import type {
  Diagnosis,
  Owner,
  Peer,
  DialPlace,
  Tailnet,
  TailnetState,
} from '../../src/tailnet.ts';

/** A node of the tailnet; `changes` make another one of it. */
export function fakePeer(changes: Partial<Peer> = {}): Peer {
  return {
    name: 'web.tail1.ts.net',
    shortName: 'web',
    names: ['web', 'web.tail1.ts.net'],
    addresses: ['100.64.0.7', 'fd7a:115c:a1e0::7'],
    tags: ['tag:web'],
    online: true,
    keyExpired: false,
    lastSeenMs: undefined,
    ...changes,
  };
}

/** What a test may change while the bridge runs. */
export interface FakeTailnet extends Tailnet {
  peers: Peer[];
  owners: Map<string, Owner>;
  current: TailnetState;
  /** There has been a netmap. */
  joined: boolean;
  socks: DialPlace | undefined;
  joinedAt: number | undefined;
  exit: Peer | undefined;
  diagnosis: Diagnosis;
  pingAnswers: boolean;
  inbound: string | undefined;
  /** Settles `ready`. */
  becomeReady(state: TailnetState): void;
  readonly asked: { diagnose: number; ping: number; inbound: number };
}

/** A tailnet whose SOCKS port is `socks` and whose nodes are `peers`. */
export function fakeTailnet(
  socks: DialPlace | undefined,
  peers: Peer[] = [fakePeer()],
): FakeTailnet {
  let settled = Promise.withResolvers<TailnetState>();
  const asked = { diagnose: 0, ping: 0, inbound: 0 };
  const tailnet: FakeTailnet = {
    name: '',
    isOptional: false,
    get members() {
      return [tailnet];
    },
    peers,
    owners: new Map(),
    current: { kind: 'running' },
    joined: true,
    socks,
    joinedAt: undefined,
    exit: undefined,
    diagnosis: { kind: 'refused' },
    pingAnswers: false,
    inbound: undefined,
    asked,
    becomeReady(state) {
      tailnet.current = state;
      settled.resolve(state);
      settled = Promise.withResolvers();
    },
    state: () => tailnet.current,
    async ready(signal) {
      if (tailnet.current.kind !== 'starting') return tailnet.current;
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      return Promise.race([settled.promise, promise]);
    },
    joinedAtMs: () => tailnet.joinedAt,
    dialPlace: () => tailnet.socks,
    ownerOf(ip) {
      const owner = tailnet.owners.get(ip);
      if (owner !== undefined) return owner;
      const peer = tailnet.peers.find(({ addresses }) => addresses.includes(ip));
      if (peer !== undefined) return { kind: 'peer', peer };
      return /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./u.test(ip) ||
        ip.startsWith('fd7a:115c:a1e0:')
        ? { kind: 'unassigned' }
        : undefined;
    },
    peerNamed: (name) => tailnet.peers.find(({ names }) => names.includes(name)),
    hasNodeUnder: (suffix) =>
      tailnet.peers.some(({ names }) => names.some((name) => name.endsWith(`.${suffix}`))),
    ownsName: (name) => name.endsWith('.tail1.ts.net'),
    ownedSuffix: (name) => (name.endsWith('.tail1.ts.net') ? 'tail1.ts.net' : undefined),
    exitNode: () => tailnet.exit,
    suffix: () => 'tail1.ts.net',
    async diagnose() {
      asked.diagnose += 1;
      return tailnet.diagnosis;
    },
    async ping() {
      asked.ping += 1;
      return tailnet.pingAnswers;
    },
    hasNetmap: () => tailnet.joined && tailnet.current.kind !== 'starting',
    meet: () => Promise.resolve(true),
    async inboundPeer() {
      asked.inbound += 1;
      return tailnet.inbound;
    },
  };
  return tailnet;
}
