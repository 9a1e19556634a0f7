import '../tailnet/inside.ts';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { execa } from 'execa';
import t from 'tap';
import { waitFor } from '../support/wait-for.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { spacetailFor } from './spacetail.ts';

t.setTimeout(180_000);
const tailnet = await useTailnet(t);
const { facts } = tailnet;
const { http: port } = facts.tailnetOrigin;
const publicUrl = `http://public.test:${facts.internetOrigin.http}/`;

void t.test(
  'up --no-wait returns when the listeners answer; requests wait for the tailnet, those of SPACETAIL_DIRECT do not',
  async (t) => {
    const spacetail = await spacetailFor(t, facts, {
      SPACETAIL_DIRECT: 'public.test',
      TS_HOSTNAME: 'no-wait',
    });
    const up = await spacetail.cli(['up', '--no-wait']);
    t.equal(up.code, 0, up.stderr);
    t.match(up.stderr, /requests wait for the tailnet/);
    const waits = spacetail.curl(`http://web:${port}/`);
    const direct = spacetail.curl(publicUrl);
    t.equal(
      await Promise.race([waits.then(() => 'tailnet'), direct.then(() => 'direct')]),
      'direct',
    );
    t.match((await direct).stdout, /hello from internet/);
    t.match((await waits).stdout, /hello from tailnet/);
    t.equal((await spacetail.cli(['wait'])).code, 0);
    t.equal((await spacetail.cli(['status'])).code, 0);
  },
);

void t.test(
  'without a tailnet requests wait for the up timeout, then are a 503 with the reason; wait exits 124',
  async (t) => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.teardown(() => silent.close());
    const { port: nobody } = silent.address() as { port: number };
    const spacetail = await spacetailFor(t, facts, {
      SPACETAIL_WAIT: '0',
      SPACETAIL_DIRECT: 'public.test',
      SPACETAIL_UP_TIMEOUT: '4s',
      TS_EXTRA_ARGS: `--login-server=http://127.0.0.1:${nobody}`,
    });
    t.equal((await spacetail.cli(['up'])).code, 0);
    t.match((await spacetail.curl(publicUrl)).stdout, /hello from internet/);
    const refused = await spacetail.curl('-i', `http://web:${port}/`);
    t.match(refused.stdout, /^HTTP\/1\.1 503 /);
    t.match(refused.stdout, /proxy-status: spacetail; error=destination_unavailable/i);
    t.equal((await spacetail.cli(['wait'])).code, 124);
    t.equal((await spacetail.cli(['status'])).code, 1);
    t.match((await spacetail.curl(publicUrl)).stdout, /hello from internet/);
  },
);

void t.test('wait without up is exit 1', async (t) => {
  const spacetail = await spacetailFor(t, facts);
  t.match(await spacetail.cli(['wait']), { code: 1, stderr: /not_up/ });
});

void t.test(
  'serve runs in the foreground, tells systemd when it is ready, and ends with SIGTERM',
  async (t) => {
    const spacetail = await spacetailFor(t, facts, {
      TS_HOSTNAME: 'serve',
      NOTIFY_SOCKET: '/run/nobody.sock',
    });
    // systemd's own program is not on every machine: this one writes down how it was called.
    const notify = `${spacetail.folder}/bin/systemd-notify`;
    writeFileSync(notify, `#!/bin/sh\necho "$@" > ${spacetail.folder}/notified\n`);
    chmodSync(notify, 0o755);
    const serve = execa('spacetail', ['serve'], {
      env: spacetail.env,
      extendEnv: false,
      reject: false,
      cwd: spacetail.folder,
    });
    await waitFor(() => readFileSync(`${spacetail.folder}/notified`, 'utf8').includes('--ready'), {
      deadlineMs: 20_000,
    });
    t.match((await spacetail.curl(`http://web:${port}/`)).stdout, /hello from tailnet/);
    t.match(await spacetail.cli(['up']), { code: 0, stderr: /already up as serve\.tail\.test/ });
    serve.kill('SIGTERM');
    const ended = await serve;
    t.equal(ended.exitCode, 0, ended.stderr);
    t.match(ended.stderr, /up as serve\.tail\.test/);
    await tailnet.untilListed((nodes) => nodes.every(({ name }) => name !== 'serve'));
  },
);
