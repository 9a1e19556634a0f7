import t from 'tap';
import { loadConfig } from '../../src/config.ts';
import { runtimePaths } from '../../src/lifecycle/folder/runtime-folder.ts';
import { tailscaledArguments } from '../../src/lifecycle/tailscaled/tailscaled-arguments.ts';

void t.test(
  'tailscaled gets no SOCKS port where a peer may dial in, or where LocalAPI dials',
  async (t) => {
    for (const [env, dial] of [
      [{}, 'socks'],
      [{ TS_EXTRA_ARGS: '--ssh' }, 'localapi'],
      [{ TS_EXTRA_ARGS: '--shields-up=false' }, 'localapi'],
      [{ TS_EXTRA_ARGS: '--advertise-routes=10.0.0.0/8' }, 'localapi'],
      [{ TS_EXTRA_ARGS: '--advertise-exit-node' }, 'localapi'],
      [{ TS_EXTRA_ARGS: '--ssh', SPACETAIL_DIAL: 'socks' }, 'socks'],
      [{ SPACETAIL_DIAL: 'localapi' }, 'localapi'],
    ] as const) {
      const { tailnet } = loadConfig(env);
      t.equal(tailnet.dial, dial, JSON.stringify(env));
      const { args } = tailscaledArguments(runtimePaths('/run'), tailnet);
      const socks = args.filter((word) => word.startsWith('--socks5-server'));
      t.same(socks, dial === 'socks' ? ['--socks5-server=127.0.0.1:0'] : []);
    }
  },
);

void t.test('each of several tailnets has its own way', async (t) => {
  const { tailnets } = loadConfig({
    SPACETAIL_TAILNETS: 'main,partner',
    TS_EXTRA_ARGS_MAIN: '--ssh',
  });
  t.same(
    tailnets.map(({ tailnet }) => tailnet.dial),
    ['localapi', 'socks'],
  );
});

void t.test('another word is exit 2 that names the variable', async (t) => {
  t.throws(() => loadConfig({ SPACETAIL_DIAL: 'http' }), {
    exitCode: 2,
    message: /SPACETAIL_DIAL/,
  });
});
