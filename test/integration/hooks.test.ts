import '../tailnet/inside.ts';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { hookShells } from '../fakes/hook-world.ts';
import { bashImageHooks, contextHooks } from '../fakes/phase-script.ts';
import { containerVariables, createWorker } from '../fakes/worker.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { spacetailFor } from './spacetail.ts';

t.setTimeout(240_000);
const tailnet = await useTailnet(t);
const { facts } = tailnet;
const port = facts.tailnetOrigin.http === 80 ? '' : `:${facts.tailnetOrigin.http}`;
const tlsPort = facts.tailnetOrigin.https === 443 ? '' : `:${facts.tailnetOrigin.https}`;

for (const shell of Object.values(hookShells)) {
  const [name] = shell;

  void t.test(
    `the bash image's five hook lines work unchanged in ${name}, with TS_AUTH_KEY alone`,
    async (t) => {
      const spacetail = await spacetailFor(t, facts, {
        ...containerVariables,
        TS_HOSTNAME: 'five-lines',
        TF_VAR_x: '1',
      });
      const worker = await createWorker(t, { shell, hooks: bashImageHooks, env: spacetail.env });
      const clone = `https://web.tail.test${tlsPort}${facts.gitPath}`;
      const done = await worker.runPhase(
        `curl -sSf --proxy "$HTTP_PROXY" http://web${port}/ && GIT_SSL_CAINFO=${facts.caFile} git clone -q ${clone} cloned`,
      );
      t.match(done, { code: 0, timedOut: false, left: [] }, done.output);
      t.match(done.output, /hello from tailnet, you asked web/);
      t.match(done.output, /down$/m);
      t.ok(existsSync(`${worker.workspace}/cloned/README.md`));
      const saved = readFileSync(worker.savedEnvironment, 'utf8');
      t.match(saved, /TF_VAR_x=['"]?1/);
      t.notMatch(saved, /PROXY/);
      await tailnet.untilListed((nodes) => nodes.every((node) => node.name !== 'five-lines'));
    },
  );

  void t.test(`our hooks with spacetail env and clean-env work in ${name}`, async (t) => {
    const spacetail = await spacetailFor(t, facts, {
      ...containerVariables,
      HTTPS_PROXY: 'http://corp.proxy.test:3128',
      SPACETAIL_UPSTREAM_PROXY: 'off',
    });
    const told = 'echo "HTTPS_PROXY=$HTTPS_PROXY http_proxy=$http_proxy"';
    const hooks = { before: contextHooks.before, after: [...contextHooks.after, told] };
    const worker = await createWorker(t, { shell, hooks, env: spacetail.env });
    const done = await worker.runPhase(`curl -sSf http://web${port}/`);
    t.match(done, { code: 0, timedOut: false, left: [] }, done.output);
    t.match(done.output, /hello from tailnet/);
    t.match(done.output, 'HTTPS_PROXY=http://corp.proxy.test:3128 http_proxy=\n');
    const cleaned = readFileSync(worker.savedEnvironment, 'utf8');
    t.notMatch(cleaned, /PROXY=.*127\.0\.0\.1/i);
    t.match(cleaned, /HTTPS_PROXY=.*corp\.proxy\.test:3128/);
    // The next phase starts from it, in a shell of its own.
    const next = await worker.runPhase('echo "in the phase $HTTPS_PROXY"');
    t.match(next.output, /in the phase http:\/\/127\.0\.0\.1:8080/);
    t.match(next.output, 'HTTPS_PROXY=http://corp.proxy.test:3128 http_proxy=\n');
  });
}

void t.test('the worker sees a pipe that is held, and what a pause takes', async (t) => {
  const { env } = await spacetailFor(t, facts, containerVariables);
  const hooks = { before: [], after: [] };
  const worker = await createWorker(t, { shell: hookShells.ash, hooks, env, timeLimitMs: 1500 });
  writeFileSync(`${worker.workspace}/kept`, 'yes\n');
  const held = await worker.runPhase('sleep 60 & echo started');
  t.match(held, { code: 0, timedOut: true, output: 'started\n' });
  await worker.pause();
  const quiet = await worker.runPhase('touch /mnt/gone; sleep 60 >/dev/null 2>&1 & :');
  t.match(quiet, { code: 0, timedOut: false, left: ['sleep 60'] });
  await worker.pause();
  const after = await worker.runPhase('cat kept; ls /mnt');
  t.match(after, { code: 0, output: 'yes\nhome\nworkspace\n', left: [] });
});
