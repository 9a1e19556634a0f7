/** What commands promise that only a whole run can show. */
import '../tailnet/inside.ts';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { freePort } from '../support/free-port.ts';
import { run } from '../support/run.ts';
import { waitFor } from '../support/wait-for.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { spacetailFor } from './spacetail.ts';

t.setTimeout(240_000);
const { facts } = await useTailnet(t);
const { http } = facts.tailnetOrigin;
const url = `http://web:${http}/echo`;

void t.test(
  "tailscaled's proxy flags move our listeners, and tailscaled gets none of them",
  async (t) => {
    const [httpPort, socksPort] = [await freePort(), await freePort()];
    const spacetail = await spacetailFor(t, facts, {
      TS_HOSTNAME: 'moved',
      SPACETAIL_HTTP_LISTEN: '',
      SPACETAIL_SOCKS5_LISTEN: '',
      SPACETAIL_DENY: 'db',
      TS_TAILSCALED_EXTRA_ARGS: `--socks5-server=127.0.0.1:${socksPort} --outbound-http-proxy-listen=:${httpPort} --verbose=1`,
    });
    const up = await spacetail.up();
    t.match(
      up.stderr,
      `--socks5-server is tailscaled's own proxy; spacetail's listens on 127.0.0.1:${socksPort}`,
    );
    t.match(
      up.stderr,
      `--outbound-http-proxy-listen is tailscaled's own proxy; spacetail's listens on 127.0.0.1:${httpPort}`,
    );
    const status = JSON.parse((await spacetail.cli(['status', '--json'])).stdout) as {
      listeners: unknown;
      tailscaled: { pid: number };
    };
    t.strictSame(status.listeners, {
      http: `127.0.0.1:${httpPort}`,
      socks5: `127.0.0.1:${socksPort}`,
    });
    const { stdout: args } = await run('ps', ['-o', 'args=', '-p', String(status.tailscaled.pid)]);
    t.match(args, '--verbose=1', "the user's other flags are tailscaled's");
    t.notMatch(args, '--outbound-http-proxy-listen');
    t.notMatch(args, `:${socksPort}`);
    for (const proxy of [`http://127.0.0.1:${httpPort}`, `socks5h://127.0.0.1:${socksPort}`]) {
      const through = (target: string) =>
        run('curl', ['-sS', '-m', '30', '-x', proxy, target], { cleanEnv: true });
      t.match((await through(url)).stdout, /"via":\s*"web"/, proxy);
      await through(url.replace('web', 'db'));
    }
    const denied = (): unknown[] => spacetail.accessLog().filter((line) => line.status === 403);
    const lines = await waitFor(() => (denied().length === 2 ? denied() : undefined), {
      what: 'policy at both listeners',
    });
    t.match(lines, [
      { host: 'db', proto: 'http' },
      { host: 'db', proto: 'socks5' },
    ]);
  },
);

void t.test(
  'down exits 0 whatever was left and says what it was; with --strict it exits 1',
  async (t) => {
    const spacetail = await spacetailFor(t, facts, { TS_HOSTNAME: 'leaves-some' });
    const mountPoint = `${spacetail.runtimeDir}/tailscaled.home`;
    t.teardown(() => run('umount', [mountPoint]));
    for (const [flags, code] of [
      [[], 0],
      [['--strict'], 1],
    ] as const) {
      await spacetail.up();
      // No file of a run that something is mounted on can be removed, not even by root.
      t.equal((await run('mount', ['-t', 'tmpfs', 'held', mountPoint])).code, 0);
      const down = await spacetail.cli(['down', ...flags]);
      t.match(down, { code, stderr: `left behind: ${mountPoint}` });
      t.equal((await spacetail.cli(['status'])).code, 3);
      t.equal((await run('umount', [mountPoint])).code, 0);
    }
    t.equal((await spacetail.cli(['down', '--strict'])).code, 0, 'the rest is swept by the next');
    t.notOk(existsSync(mountPoint));
  },
);

void t.test("doctor warns of listeners on the loopback that are another container's", async (t) => {
  const server = createServer(() => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  // As in a pod: one network for all containers, processes of its own for each.
  const container = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const inPod = await spacetailFor(t, facts, {}, container);
  const lineOf = (stdout: string): string =>
    /^.*\bloopback\b[^]*?(?=\n\S|$)/m.exec(stdout)?.[0] ?? '';
  const shared = lineOf((await inPod.cli(['doctor'])).stdout);
  t.match(shared, /^warning/);
  t.match(shared, /belong to other users or containers/);
  t.match(shared, /SPACETAIL_PROXY_TOKEN/);
  const withToken = lineOf(
    (await inPod.cli(['doctor'], { SPACETAIL_PROXY_TOKEN: 'token' })).stdout,
  );
  t.match(withToken, /^ok .*the proxy token keeps them out/);
  const alone = await spacetailFor(t, facts);
  const own = lineOf((await alone.cli(['doctor'])).stdout);
  t.match(own, /^ok .*shared with /, `the listener on ${port} is a program that it sees`);
});
