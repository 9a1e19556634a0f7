import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createServer } from 'node:tls';
import t from 'tap';
import { run } from '../../src/commands/get-authkey.ts';
import { mintedKey, startKeyApi } from '../fakes/key-api.ts';
import { commandIo } from '../support/command-io.ts';
import { startCli } from '../support/cli.ts';
import { makeCertificate } from '../tailnet/servers/certificate.ts';
import { freePort } from '../support/free-port.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

/** Each way; who has its answer goes away, whatever else is under way. */
function joinPair(client: Duplex, origin: Duplex): void {
  client.on('error', () => origin.destroy()).pipe(origin);
  origin.on('error', () => client.destroy()).pipe(client);
}

const client = { TS_OAUTH_CLIENT_ID: 'client-id', TS_OAUTH_CLIENT_SECRET: 'tskey-client-secret' };

void t.test('the key is minted from the OAuth client and is all that is printed', async (t) => {
  const api = await startKeyApi(t, {
    clientId: 'client-id',
    clientSecret: 'tskey-client-secret',
    tags: ['tag:ci-owner'],
    tagOwners: { 'tag:ci': ['tag:ci-owner'] },
  });
  const world = commandIo({
    ...client,
    TS_API_BASE_URL: api.url,
    TS_OAUTH_TAGS: 'tag:ci',
    TF_VAR_spacelift_run_id: '01J_RUN',
  });
  t.equal(await run({}, world.io), 0);
  t.equal(world.stdout(), `${mintedKey}\n`);
  t.equal(world.stderr(), '');
  t.same(
    api.seen.flatMap(({ problems }) => problems),
    [],
  );
});

void t.test('the aliases of the variables work as well', async (t) => {
  const api = await startKeyApi(t, { clientId: 'client-id', clientSecret: 'tskey-client-secret' });
  const world = commandIo({
    TS_CLIENT_ID: 'client-id',
    TS_CLIENT_SECRET: 'tskey-client-secret',
    TS_API_BASE_URL: api.url,
  });
  t.equal(await run({}, world.io), 0);
  t.equal(world.stdout(), `${mintedKey}\n`);
});

void t.test(
  'refused, without a client, and out of reach: an error that says so, and no secret in it',
  async (t) => {
    const api = await startKeyApi(t, { clientId: 'client-id', clientSecret: 'another' });
    const wrong = { ...client, TS_API_BASE_URL: api.url };
    await t.rejects(run({}, commandIo(wrong).io), {
      code: 'oauth_rejected',
      exitCode: 1,
      message: /^(?!.*tskey-client-secret)/s,
    });
    await t.rejects(run({}, commandIo({ TS_AUTHKEY: 'tskey-auth-x' }).io), {
      code: 'credentials_missing',
      message: /mint/,
    });
    await t.rejects(run({}, commandIo({ TS_OAUTH_CLIENT_ID: 'id' }).io), {
      code: 'credentials_incomplete',
      exitCode: 2,
    });
    const nowhere = {
      ...client,
      TS_API_BASE_URL: `http://127.0.0.1:${await freePort()}`,
      SPACETAIL_UP_TIMEOUT: '300ms',
      SPACETAIL_RUNTIME_DIR: join(tmpFolder(t), 'run'),
    };
    await t.rejects(run({}, commandIo(nowhere).io), { code: 'api_unreachable', exitCode: 1 });
  },
);

void t.test(
  'the API is trusted by the certificates of SSL_CERT_FILE and of the system',
  async (t) => {
    const folder = tmpFolder(t);
    const { caFile, certFile, keyFile } = makeCertificate(folder, ['localhost'], ['127.0.0.1']);
    const api = await startKeyApi(t, {
      clientId: 'client-id',
      clientSecret: 'tskey-client-secret',
    });
    const front = createServer(
      { cert: readFileSync(certFile), key: readFileSync(keyFile) },
      (client) => joinPair(client, connect(Number(new URL(api.url).port), '127.0.0.1')),
    );
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    t.teardown(() => front.close());
    const { port } = front.address() as AddressInfo;
    mkdirSync(join(folder, 'certificates'));
    copyFileSync(caFile, join(folder, 'certificates', 'private.pem'));
    const tunnels: string[] = [];
    const proxy = createHttpServer();
    proxy.on('connect', (request, client) => {
      tunnels.push(request.url ?? '');
      const origin = connect(port, '127.0.0.1', () => client.write('HTTP/1.1 200 OK\r\n\r\n'));
      joinPair(client, origin);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    t.teardown(() => proxy.close());
    const by = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const trusts: Record<string, string>[] = [
      { SSL_CERT_FILE: caFile, SPACETAIL_UPSTREAM_PROXY: by },
      { SSL_CERT_FILE: caFile },
      { SSL_CERT_DIR: `/nonexistent:${join(folder, 'certificates')}` },
      { NODE_EXTRA_CA_CERTS: caFile },
    ];
    for (const trust of trusts) {
      const child = startCli(t, ['get-authkey'], {
        ...client,
        ...trust,
        TS_API_BASE_URL: `https://127.0.0.1:${port}`,
      });
      const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
      t.equal(stdout, `${mintedKey}\n`, `${Object.keys(trust)[0]} ${stderr}`);
    }
    const tunnel = `127.0.0.1:${port}`;
    t.same(tunnels, [tunnel, tunnel], 'the one that was told to went by the proxy');
  },
);
