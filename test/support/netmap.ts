/** Status documents of any size for tests and benchmarks, in the shape tailscaled writes them. */

export interface PeerDocument {
  [field: string]: unknown;
}

const SUFFIX = 'tail1234.ts.net';

/** A peer as `tailscale status --json` of 1.102 prints it: about 880 bytes. */
export function peerDocument(at: number, more: PeerDocument = {}): PeerDocument {
  const [b, c, d] = [64 + ((at >> 16) & 63), (at >> 8) & 255, at & 255];
  const own = [
    `100.${b}.${c}.${d}`,
    `fd7a:115c:a1e0:7::${(at >> 16).toString(16)}:${(at & 0xffff).toString(16)}`,
  ];
  return {
    ID: `n${at}CNTRL`,
    NodeID: at + 1000,
    PublicKey: `nodekey:${at.toString(16).padStart(64, '0')}`,
    HostName: `host-${at}`,
    DNSName: `host-${at}.${SUFFIX}.`,
    OS: 'linux',
    UserID: 1,
    TailscaleIPs: own,
    AllowedIPs: [`${own[0]}/32`, `${own[1]}/128`],
    Tags: [`tag:t${at % 20}`],
    Addrs: ['203.0.113.9:41641', '10.9.8.7:41641'],
    CurAddr: '',
    Relay: 'fra',
    PeerRelay: '',
    RxBytes: 0,
    TxBytes: 0,
    Created: '2026-01-02T03:04:05.678Z',
    LastWrite: '0001-01-01T00:00:00Z',
    LastSeen: '0001-01-01T00:00:00Z',
    LastHandshake: '0001-01-01T00:00:00Z',
    Online: at % 10 !== 0,
    ExitNode: false,
    ExitNodeOption: false,
    Active: false,
    PeerAPIURL: [`http://${own[0]}:41234`],
    TaildropTarget: 0,
    NoFileSharingReason: '',
    CapMap: null,
    InNetworkMap: true,
    InMagicSock: true,
    InEngine: false,
    KeyExpiry: '2099-01-01T00:00:00Z',
    ...more,
  };
}

/** A whole status of a running node with these peers. */
export function statusDocument(peers: PeerDocument[], more: PeerDocument = {}): PeerDocument {
  const self = peerDocument(0, {
    HostName: 'ci',
    DNSName: `ci.${SUFFIX}.`,
    TailscaleIPs: ['100.64.0.0', 'fd7a:115c:a1e0:7::'],
    CapMap: {},
  });
  return {
    Version: '1.102.5',
    TUN: false,
    BackendState: 'Running',
    HaveNodeKey: true,
    AuthURL: '',
    TailscaleIPs: self['TailscaleIPs'],
    Self: self,
    Health: [],
    MagicDNSSuffix: SUFFIX,
    CurrentTailnet: { Name: 'example.com', MagicDNSSuffix: SUFFIX, MagicDNSEnabled: true },
    CertDomains: [`ci.${SUFFIX}`],
    ExtraRecords: null,
    Peer: Object.fromEntries(peers.map((peer, at) => [`nodekey:${at}`, peer])),
    User: {},
    ClientVersion: null,
    ...more,
  };
}

/** `peers` peers, of which the first `routers` serve a subnet each. */
export function largeStatus(peers: number, routers: number): PeerDocument {
  return statusDocument(
    Array.from({ length: peers }, (_, at) => {
      const peer = peerDocument(at + 1);
      if (at >= routers) return peer;
      const route = `10.${at >> 8}.${at & 255}.0/24`;
      return {
        ...peer,
        AllowedIPs: [...(peer['AllowedIPs'] as string[]), route],
        PrimaryRoutes: [route],
      };
    }),
  );
}

/** Runs a generator to its end, without turns for anybody else. */
export function atOnce<Result>(work: Generator<void, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
