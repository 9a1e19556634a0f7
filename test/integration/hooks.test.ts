import '../tailnet/inside.ts';
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { commandLines } from '../tailnet/processes.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { runScript, spacetailFor } from './spacetail.ts';

t.setTimeout(240_000);
const tailnet = await useTailnet(t);
const { facts } = tailnet;
const port = facts.tailnetOrigin.http === 80 ? '' : `:${facts.tailnetOrigin.http}`;
const tlsPort = facts.tailnetOrigin.https === 443 ? '' : `:${facts.tailnetOrigin.https}`;

const shells: [string, [string, ...string[]]][] = [
  ['BusyBox ash', ['busybox', 'ash']],
  ['bash', ['bash']],
  ['dash', ['dash']],
];

for (const [name, shell] of shells) {
  void t.test(
    `the bash image's five hook lines work unchanged in ${name}, with TS_AUTH_KEY alone`,
    async (t) => {
      // The lines name port 8080; nothing else of a worker's environment is there.
      const spacetail = await spacetailFor(t, facts, {
        SPACETAIL_HTTP_LISTEN: '',
        SPACETAIL_SOCKS5_LISTEN: '',
        SPACETAIL_OWNER_PID: '',
        TS_HOSTNAME: 'five-lines',
      });
      const saved = `${spacetail.folder}/.env_hooks_after`;
      writeFileSync(
        saved,
        'PATH=/usr/bin\nHTTP_PROXY=http://127.0.0.1:8080\nHTTPS_PROXY=http://127.0.0.1:8080\nTF_VAR_x=1\n',
      );
      const phase = `
set -e
{ spacetail up && trap 'spacetail down' EXIT && export HTTP_PROXY=http://127.0.0.1:8080 HTTPS_PROXY=http://127.0.0.1:8080; }
curl -sSf --proxy "$HTTP_PROXY" http://web${port}/
GIT_SSL_CAINFO=${facts.caFile} git clone -q https://web.tail.test${tlsPort}${facts.gitPath} clone-$$
unset HTTP_PROXY HTTPS_PROXY
sed -e '/HTTP_PROXY=/d' -e /HTTPS_PROXY/d -i ${saved}
`;
      const done = await runScript(shell, phase, spacetail);
      t.equal(done.code, 0, done.stderr);
      t.match(done.stdout, /hello from tailnet, you asked web/);
      t.match(done.stderr, /down$/m);
      t.equal(readFileSync(saved, 'utf8'), 'PATH=/usr/bin\nTF_VAR_x=1\n');
      t.same(
        commandLines().filter((line) => line.includes(spacetail.runtimeDir)),
        [],
      );
      await tailnet.untilListed((nodes) => nodes.every((node) => node.name !== 'five-lines'));
    },
  );

  void t.test(`our hooks with spacetail env and clean-env work in ${name}`, async (t) => {
    const spacetail = await spacetailFor(t, facts, { SPACETAIL_OWNER_PID: '' });
    const saved = `${spacetail.folder}/.env_hooks_after`;
    const phase = `
export HTTPS_PROXY=http://corp.proxy.test:3128
spacetail up && trap 'spacetail down' EXIT && eval "$(spacetail env)" || exit 9
curl -sSf http://web${port}/ || exit 8
export -p > ${saved}
eval "$(spacetail env --unset)"
spacetail clean-env ${saved}
echo "HTTPS_PROXY=$HTTPS_PROXY http_proxy=$http_proxy"
`;
    const done = await runScript(shell, phase, spacetail, { SPACETAIL_UPSTREAM_PROXY: 'off' });
    t.equal(done.code, 0, done.stderr);
    t.match(done.stdout, /hello from tailnet/);
    t.match(done.stdout, 'HTTPS_PROXY=http://corp.proxy.test:3128 http_proxy=\n');
    const cleaned = readFileSync(saved, 'utf8');
    t.notMatch(cleaned, new RegExp(`PROXY=.*127\\.0\\.0\\.1:${spacetail.httpPort}`, 'i'));
    t.match(cleaned, /HTTPS_PROXY=.*corp\.proxy\.test:3128/);
  });

  void t.test(
    `the worker's pipe ends within 2 s after the shell, in ${name}, also when up failed`,
    async (t) => {
      const spacetail = await spacetailFor(t, facts);
      const good = await runScript(shell, 'spacetail up 2>&1; echo done\n', spacetail);
      t.match(good.stdout, /done/);
      t.equal((await spacetail.cli(['down'])).code, 0);
      const bad = await runScript(
        shell,
        'TS_AUTH_KEY=nonsense spacetail up 2>&1; echo "exit $?"\n',
        spacetail,
      );
      t.match(bad.stdout, /exit 1/);
      for (const done of [good, bad]) t.notOk(done.timedOut);
    },
  );
}
