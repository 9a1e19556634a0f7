import '../tailnet/inside.ts';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import t from 'tap';
import { buildGoClient } from '../demo/go-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { commandLines } from '../tailnet/processes.ts';
import { spacetailFor } from './spacetail.ts';

t.setTimeout(240_000);
const tailnet = await useTailnet(t);
const { facts } = tailnet;
const port = facts.tailnetOrigin.http === 80 ? '' : `:${facts.tailnetOrigin.http}`;
const tlsPort = facts.tailnetOrigin.https === 443 ? '' : `:${facts.tailnetOrigin.https}`;

/** Every byte that anybody on this machine could read of a process or that lies in a folder. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`);
}

void t.test(
  'curl, git, Go and Python reach a node by short name and FQDN, one log line for each request',
  async (t) => {
    const spacetail = await spacetailFor(t, facts, { TS_HOSTNAME: 'main-job' });
    const up = await spacetail.up();
    t.match(up.stderr, /joining (main )?as main-job with auth key \(TS_AUTH_KEY(_MAIN)?\)/);
    t.match(
      up.stderr,
      /up as main-job\.tail\.test \(100\.64\.0\.\d+, .*\d+ peers( in main, .* 0 peers in idle)?, HTTP 127\.0\.0\.1:\d+, SOCKS5 .* in \d\.\d s/,
    );
    const go = await buildGoClient();
    const python =
      'import sys, urllib.request as u; [sys.stdout.write(u.urlopen(x).read().decode()) for x in sys.argv[1:]]';
    const urls = [`http://web${port}/`, `http://WEB.tail.test.${port}/`];
    const secure = `https://web.tail.test${tlsPort}/`;
    const certificates = { SSL_CERT_FILE: facts.caFile, CURL_CA_BUNDLE: facts.caFile };
    for (const command of [
      ['curl', '-sSf', ...urls, secure],
      [go, ...urls, secure],
      ['python3', '-c', python, ...urls, secure],
    ] as [string, ...string[]][]) {
      const done = await spacetail.through(command, certificates);
      t.equal(done.code, 0, done.stderr);
      t.equal(done.stdout.match(/hello from tailnet/g)?.length, 3, command[0]);
    }
    for (const host of ['web', 'web.tail.test']) {
      const url = `http://${host}${port}${facts.gitPath}`;
      t.match(
        await spacetail.through(['git', 'clone', '-q', url, `clone-${host}`]),
        { code: 0 },
        url,
      );
    }
    const stopped = await spacetail.cli(['down']);
    t.equal(stopped.code, 0);
    const log = spacetail.accessLog();
    t.equal(
      log.filter(({ host }) => host === 'web' || host === 'web.tail.test').length,
      log.length,
    );
    t.ok(log.length >= 13, `${log.length} lines`);
    for (const line of log) {
      t.match(line, {
        time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
        level: 'info',
        msg: 'request',
        proto: /^(http|connect)$/,
        name_source: 'status',
        ip: facts.nodes['web']?.addresses[0],
        peer: 'web.tail.test',
        route: 'tailnet',
        policy: { decision: 'allow', rule: null, mode: 'enforce' },
        error: null,
      });
    }
    t.equal(new Set(log.map(({ id }) => id)).size, log.length);
  },
);

void t.test('down leaves no process, no socket and no node', async (t) => {
  const spacetail = await spacetailFor(t, facts, { TS_HOSTNAME: 'leaves-nothing' });
  await spacetail.up();
  const down = await spacetail.cli(['down', '--strict']);
  t.equal(down.code, 0, down.stderr);
  t.ok(down.durationMs < 10_000, `${down.durationMs} ms`);
  t.same(
    commandLines().filter(
      (line) => line.includes(spacetail.runtimeDir) || line.includes('supervise'),
    ),
    [],
  );
  t.same(
    readdirSync(spacetail.runtimeDir).filter((name) => !/\.log$|^last-run\.json$/.test(name)),
    [],
  );
  await tailnet.untilListed((nodes) => nodes.every(({ name }) => name !== 'leaves-nothing'));
});

void t.test(
  'the key stands in no argument, environment, log, file or output, also under TRACE',
  async (t) => {
    const spacetail = await spacetailFor(t, facts, { TRACE: '1' });
    const seen: string[] = [];
    const sampled = new Set<string>();
    const sampling = new AbortController();
    const sampler = (async () => {
      while (!sampling.signal.aborted) {
        for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
          for (const file of ['cmdline', 'environ']) {
            try {
              const text = readFileSync(`/proc/${pid}/${file}`, 'utf8');
              const program = /supervise|tailscaled|tailscale\0/.exec(
                readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
              )?.[0];
              const isOurs = program !== undefined;
              if (isOurs) sampled.add(`${program} ${file}`);
              if ((file === 'cmdline' || isOurs) && text.includes(facts.authKey))
                seen.push(`${pid} ${file}: ${text.slice(0, 80)}`);
            } catch {
              // It has ended.
            }
          }
        }
        await new Promise((resolve) => {
          setTimeout(resolve, 5);
        });
      }
    })();
    const up = await spacetail.up();
    await spacetail.curl(`http://web${port}/`);
    const down = await spacetail.cli(['down']);
    sampling.abort();
    await sampler;
    t.same(seen, []);
    t.same(
      [...sampled].toSorted(),
      ['supervise', 'tailscale\0', 'tailscaled'].flatMap((name) => [
        `${name} cmdline`,
        `${name} environ`,
      ]),
      'all of it was sampled',
    );
    for (const text of [up.stdout, up.stderr, down.stdout, down.stderr])
      t.notMatch(text, facts.authKey);
    const files = filesBelow(spacetail.runtimeDir);
    t.ok(files.length >= 4, files.join(' '));
    for (const file of files) {
      t.notMatch(readFileSync(file, 'latin1'), facts.authKey, file);
      t.equal(statSync(file).mode & 0o077, 0, `${file} is for its owner alone`);
    }
  },
);

void t.test('a busy port stops up with its name, and nothing is left behind', async (t) => {
  const spacetail = await spacetailFor(t, facts, { TS_HOSTNAME: 'busy-port' });
  const holder = createServer().listen(spacetail.httpPort, '127.0.0.1');
  await once(holder, 'listening');
  t.teardown(() => holder.close());
  const up = await spacetail.cli(['up']);
  t.equal(up.code, 1);
  t.match(
    up.stderr,
    new RegExp(`127\\.0\\.0\\.1:${spacetail.httpPort}.*\\n.*SPACETAIL_HTTP_LISTEN`),
  );
  t.same(
    commandLines().filter((line) => line.includes(spacetail.runtimeDir)),
    [],
  );
  t.notOk(
    (await tailnet.listNodes()).some(({ name }) => name === 'busy-port'),
    'no key was used',
  );
});

void t.test(
  'a key that is refused stops up with what tailscale said, and nothing is left behind',
  async (t) => {
    const spacetail = await spacetailFor(t, facts, {
      TS_AUTH_KEY: 'hskey-auth-nosuchkey000-aaaaaaaaaaaaaaaaaaaaaaaa',
    });
    const up = await spacetail.cli(['up']);
    t.equal(up.code, 1, up.stderr);
    t.match(up.stderr, /step login/);
    t.notMatch(up.stderr, /nosuchkey000/);
    t.same(
      commandLines().filter((line) => line.includes(spacetail.runtimeDir)),
      [],
    );
  },
);

void t.test(
  'up ends at its timeout with 124 when the control server does not answer',
  async (t) => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.teardown(() => silent.close());
    const { port: silentPort } = silent.address() as { port: number };
    const spacetail = await spacetailFor(t, facts, {
      TS_EXTRA_ARGS: `--login-server=http://127.0.0.1:${silentPort}`,
    });
    const up = await spacetail.cli(['up'], { SPACETAIL_UP_TIMEOUT: '3s' });
    t.equal(up.code, 124, up.stderr);
    t.ok(up.durationMs < 12_000, `${up.durationMs} ms`);
    t.match(up.stderr, /SPACETAIL_UP_TIMEOUT/);
    t.same(
      commandLines().filter((line) => line.includes(spacetail.runtimeDir)),
      [],
    );
  },
);

void t.test('a peer that dials this node cannot use the bridge', async (t) => {
  const visitor = await tailnet.joinNode('visitor', { socks: true });
  t.teardown(() => visitor.stop());
  for (const [extra, expectation] of [
    ['', 'shields are up'],
    [' --shields-up=false', 'the connection is closed and logged'],
  ] as const) {
    const spacetail = await spacetailFor(t, facts, {
      TS_EXTRA_ARGS: `--login-server=${facts.loginServer}${extra}`,
    });
    await spacetail.up();
    const status = JSON.parse((await spacetail.cli(['status', '--json'])).stdout) as {
      node: { addresses: string[] };
    };
    // The visitor learns of a new peer a moment later, and a first packet may be lost: the two must have met
    // before anything is concluded.
    const ping = ['ping', '--until-direct=false', '-c', '1', '--timeout=1s'];
    await waitFor(
      async () => (await visitor.tailscale([...ping, status.node.addresses[0] ?? ''])).code === 0,
      { deadlineMs: 20_000, what: 'a pong' },
    );
    const target = `http://${status.node.addresses[0]}:${spacetail.httpPort}`;
    const { code, stdout } = await spacetail.through(
      [
        'curl',
        '-sS',
        '-m',
        '8',
        '--preproxy',
        `socks5h://${visitor.socks}`,
        '-x',
        target,
        `http://web.tail.test${port}/`,
      ],
      { NO_PROXY: '', no_proxy: '' },
    );
    t.not(code, 0, expectation);
    t.notMatch(stdout, /hello/);
    await spacetail.cli(['down']);
    const denied = spacetail.accessLog().filter((line) => line['error'] === 'peer_inbound_denied');
    t.equal(denied.length, extra === '' ? 0 : 1, expectation);
    t.notOk(spacetail.accessLog().some(({ status }) => status === 200));
  }
});
