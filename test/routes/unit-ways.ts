/** Routes with a bridge in this process, on stand-ins for tailscaled's SOCKS port and for a proxy that has to be used. */
import type { Test } from 'tap';
import { startBridge } from '../support/bridge.ts';
import type { TestBridgeOptions } from '../support/bridge.ts';
import { fakeSocks } from '../support/fake-socks.ts';
import { fakePeer, fakeTailnet } from '../support/fake-tailnet.ts';
import { tmpFolder } from '../support/tmp-folder.ts';
import { makeCertificate, selfSign } from '../tailnet/servers/certificate.ts';
import type { Certificate } from '../tailnet/servers/certificate.ts';
import { upstreamProxy } from './upstream.ts';
import type { RouteName, Way } from './way.ts';

const SUBNET_HOST = '10.77.0.9';

export type UnitRoute = Exclude<RouteName, 'real tailnet'>;

interface Prepared extends TestBridgeOptions {
  readonly host: string;
}

const prepare: Record<UnitRoute, (t: Test) => Promise<Prepared>> = {
  direct: async () => ({ host: '127.0.0.1' }),
  // tailscaled before September 2026: the end of one direction is the end of both.
  tailnet: async (t) => ({
    host: 'web',
    tailnet: fakeTailnet(await fakeSocks(t)),
    holdClientFin: () => true,
  }),
  // And a newer one.
  subnet: async (t) => {
    const tailnet = fakeTailnet(await fakeSocks(t, { halfCloses: true }));
    tailnet.owners.set(SUBNET_HOST, {
      kind: 'subnet',
      peer: fakePeer({ name: 'router.tail1.ts.net', shortName: 'router' }),
      prefix: '10.77.0.0/16',
      accepted: true,
    });
    return { host: SUBNET_HOST, tailnet, holdClientFin: () => false };
  },
  'upstream proxy': async (t) => ({
    host: 'far.example',
    names: { 'far.example': ['203.0.113.7'] },
    upstreamProxy: { scheme: 'http', host: '127.0.0.1', port: await upstreamProxy(t) },
  }),
};

/** Makes a fresh bridge with a way by this route each time. @param t - of the whole table */
export function unitWays(t: Test, route: UnitRoute): (t: Test) => Promise<Way> {
  const folder = tmpFolder(t);
  const made = makeCertificate(folder, ['web', 'far.example'], ['127.0.0.1', SUBNET_HOST]);
  const certificate = { ...made, selfSignedFile: selfSign(folder, made.keyFile) };
  return (t) => unitWay(t, route, certificate);
}

async function unitWay(
  t: Test,
  route: UnitRoute,
  certificate: Certificate & { readonly selfSignedFile: string },
): Promise<Way> {
  const { host, ...options } = await prepare[route](t);
  const { bridge, httpPort, socksPort, records, record } = await startBridge(t, {
    ...options,
    caFile: certificate.caFile,
  });
  return {
    route,
    host,
    httpPort,
    socksPort,
    certificate,
    records: () => records,
    record,
    openTunnels: async () => bridge.counters().openTunnels,
  };
}
