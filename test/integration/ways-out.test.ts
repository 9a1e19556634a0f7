/** Which way a request leaves: by an exit node, by a network that the container is attached to, or not within the limit. */
import '../tailnet/inside.ts';
import t from 'tap';
import { freePort } from '../support/free-port.ts';
import type { LogLine } from '../support/log-lines.ts';
import { silentListener } from '../support/silent-listener.ts';
import { waitFor } from '../support/wait-for.ts';
import { startOrigin } from '../tailnet/servers/origin.ts';
import { startTailnet } from '../tailnet/tailnet.ts';
import { ADDRESS } from '../tailnet/world.ts';
import { type Spacetail, spacetailFor } from './spacetail.ts';

t.setTimeout(240_000);
const tailnet = await startTailnet();
t.teardown(() => tailnet.stop());
const { facts } = tailnet;
const loginServer = `--login-server=${facts.loginServer}`;

/** Who answered, and who asked there: the node whose tailscaled dialled, null by the host network. */
async function askedBy(
  spacetail: Spacetail,
  url: string,
): Promise<{ origin: string; via: string | null }> {
  const done = await spacetail.curl(`${url}/echo`);
  return JSON.parse(done.stdout) as { origin: string; via: string | null };
}

const lineOf = (spacetail: Spacetail, host: string): Promise<LogLine> =>
  waitFor(() => spacetail.accessLog().find((line) => line.host === host), {
    what: `the log line of ${host}`,
  });

void t.test(
  'with an exit node a public request leaves by it, one of SPACETAIL_DIRECT does not',
  async (t) => {
    const router = facts.nodes['router']?.addresses[0] ?? '';
    const spacetail = await spacetailFor(t, facts, {
      TS_HOSTNAME: 'exits',
      TS_EXTRA_ARGS: `${loginServer} --exit-node=${router}`,
      SPACETAIL_DIRECT: 'www.public.test',
    });
    await spacetail.up();
    const { http } = facts.internetOrigin;
    t.match(await askedBy(spacetail, `http://public.test:${http}`), {
      origin: 'internet',
      via: 'router',
    });
    t.match(await lineOf(spacetail, 'public.test'), {
      route: 'exit',
      ip: ADDRESS.internet,
      status: 200,
    });
    const direct = await askedBy(spacetail, `http://www.public.test:${http}`);
    t.equal(direct.origin, 'internet');
    t.equal(direct.via, null);
    t.match(await lineOf(spacetail, 'www.public.test'), { route: 'direct' });
  },
);

void t.test(
  'a network that the container is attached to stays direct, unless the route of the tailnet is longer',
  async (t) => {
    // 192.0.2.0/24 is the network of the namespace's own interface; .10 and .53 are its addresses here.
    const lan = await tailnet.joinNode('lan', {
      up: ['--advertise-routes=192.0.2.0/24,192.0.2.53/32'],
    });
    t.teardown(() => lan.stop());
    const id = (await tailnet.listNodes()).find(({ name }) => name === 'lan')?.id;
    await tailnet.headscale(
      'nodes',
      'approve-routes',
      '--identifier',
      String(id),
      '--routes',
      '192.0.2.0/24,192.0.2.53/32',
    );
    const origin = await startOrigin({
      name: 'attached',
      addresses: ['192.0.2.10', '192.0.2.53'],
      certificate: facts,
      gitRoot: facts.folder,
    });
    t.teardown(() => origin.close());
    const spacetail = await spacetailFor(t, facts, { TS_HOSTNAME: 'attached' });
    await spacetail.up();
    const near = await askedBy(spacetail, `http://192.0.2.10:${origin.http}`);
    t.equal(near.origin, 'attached');
    t.equal(near.via, null);
    t.match(await lineOf(spacetail, '192.0.2.10'), { route: 'direct', status: 200 });
    t.match(await askedBy(spacetail, `http://192.0.2.53:${origin.http}`), {
      origin: 'attached',
      via: 'lan',
    });
    t.match(await lineOf(spacetail, '192.0.2.53'), { route: 'subnet', status: 200 });
  },
);

void t.test('SPACETAIL_CONNECT_TIMEOUT is how long a dial may take', async (t) => {
  const port = await freePort();
  await silentListener(t, ADDRESS.internet, port);
  const spacetail = await spacetailFor(t, facts, {
    TS_HOSTNAME: 'impatient',
    SPACETAIL_CONNECT_TIMEOUT: '1500ms',
  });
  await spacetail.up();
  const { stdout } = await spacetail.curl('-i', `http://public.test:${port}/`);
  t.match(stdout, /^HTTP\/1\.1 504 /);
  t.match(stdout, `public.test:${port} did not answer within 1.5 s`);
  t.match(await lineOf(spacetail, 'public.test'), { status: 504, error: 'connection_timeout' });
});
