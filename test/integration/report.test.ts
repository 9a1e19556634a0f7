import '../tailnet/inside.ts';
import { dirname } from 'node:path';
import t from 'tap';
import { buildGoClient } from '../demo/go-client.ts';
import {
  countingHttpOrigin,
  countingTunnelOrigin,
  type CountingOrigin,
} from '../support/counting-origin.ts';
import { waitFor } from '../support/wait-for.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { type Spacetail, spacetailFor } from './spacetail.ts';
import * as views from './views.ts';

t.setTimeout(240_000);
const tailnet = await useTailnet(t);
const { facts } = tailnet;
const certificates = dirname(facts.caFile);
const tls = { certFile: `${certificates}/server.pem`, keyFile: `${certificates}/server.key` };
const forwarded = await countingHttpOrigin(t);
const tunnelled = await countingTunnelOrigin(t);
const secure = await countingTunnelOrigin(t, tls);
const go = await buildGoClient();

const none = { requests: 0, errors: 0, denied: 0, wouldDeny: 0, bytesUp: 0, bytesDown: 0 };

/** What the origins have counted since the last call, once all their connections are over. */
function counter() {
  const before = new Map<CountingOrigin, ReturnType<CountingOrigin['counted']>>();
  const take = async (origin: CountingOrigin) => {
    await waitFor(() => origin.openConnections() === 0, { what: 'the end of the connections' });
    const now = origin.counted();
    const { requests = 0, bytesUp = 0, bytesDown = 0 } = before.get(origin) ?? {};
    before.set(origin, now);
    return {
      ...none,
      requests: now.requests - requests,
      bytesUp: now.bytesUp - bytesUp,
      bytesDown: now.bytesDown - bytesDown,
    };
  };
  return take;
}
const take = counter();

/** The programs of a run: a Go client, and curl by every door. All of it goes to names of the tailnet. */
async function talk(spacetail: Spacetail): Promise<void> {
  const certificate = { SSL_CERT_FILE: facts.caFile };
  const url = (host: string, { port }: CountingOrigin, path = '') => `http://${host}:${port}${path}`;
  const gets = [1000, 0, 70_000].map((bytes) => url('web', forwarded, `/bytes/${bytes}`));
  await spacetail.through([go, ...gets]);
  await spacetail.through([go, `https://web.tail.test:${secure.port}/bytes/5000`], certificate);
  await spacetail.curl('--data-binary', 'x'.repeat(5000), url('web', forwarded, '/bytes/7'));
  await spacetail.curl('--proxytunnel', url('web', tunnelled, '/bytes/300000'));
  const socks = `socks5h://127.0.0.1:${spacetail.socksPort}`;
  await spacetail.curl('-x', socks, url('web', tunnelled, '/bytes/20'));
  // db is what the rules of a run may leave out.
  await spacetail.through([go, url('db', forwarded, '/bytes/11')]);
  await spacetail.curl('--proxytunnel', url('db', tunnelled, '/bytes/12'));
  await spacetail.curl('-x', socks, url('db', tunnelled, '/bytes/13'));
  // Failures: nobody listens, no such name.
  await spacetail.curl('http://web:1/');
  await spacetail.through(['curl', '-sS', 'https://web:1/']);
  await spacetail.curl('http://nosuch.tail.test/');
}
const requestsOfTalk = 13;

/** What each view has to say of `talk`, by what the origins counted. */
async function expected(dbDecision: 'allow' | 'deny' | 'would_deny'): Promise<views.Sums> {
  const [http, tunnel] = [await take(forwarded), await take(tunnelled)];
  const isDenied = dbDecision === 'deny';
  const [dbHttp, dbTunnel] = isDenied
    ? [none, none]
    : [
        { ...none, requests: 1, bytesDown: 11 },
        // By curl, whose two requests differ from the others in nothing but their length.
        { ...none, requests: 2, bytesUp: 0, bytesDown: 0 },
      ];
  void dbTunnel;
  return { http, tunnel, dbHttp } as never;
}
void expected;
void requestsOfTalk;
