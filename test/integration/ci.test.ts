import '../tailnet/inside.ts';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { run, type Finished } from '../support/run.ts';
import { tmpFolder } from '../support/tmp-folder.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';

t.setTimeout(240_000);
const root = join(import.meta.dirname, '..', '..');
const tailnet = await useTailnet(t);
const { facts } = tailnet;
const url = `http://web:${facts.tailnetOrigin.http}/echo`;
const folder = tmpFolder(t);
const runtimeDir = join(folder, 'run');

/** What the image with the files alone holds, laid out as there. */
const layOut = (target: string): string => `mkdir -p "${target}/bin" "${target}/lib/spacetail"
cp -r "${root}/dist" "${target}/lib/spacetail/dist"
cp "${root}/package.json" "${target}/lib/spacetail/"
ln -s ../lib/spacetail/dist/spacetail.js "${target}/bin/spacetail"
ln -s "${facts.tools.tailscale}" "${target}/bin/tailscale"
ln -s "${facts.tools.tailscaled}" "${target}/bin/tailscaled"`;

const base = {
  PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
  HOME: folder,
  TS_DEBUG_USE_DERP_HTTP: '1',
  SPACETAIL_RUNTIME_DIR: runtimeDir,
};

mkdirSync(join(folder, 'bin'));
const docker = `#!/bin/sh
set -e
case $1 in
  create) echo container ;;
  cp) ${layOut('$3')} ;;
esac
`;
writeFileSync(join(folder, 'bin/docker'), docker);
chmodSync(join(folder, 'bin/docker'), 0o755);

const gone = (name: string): Promise<void> =>
  tailnet.untilListed((nodes) => nodes.every((node) => node.name !== name));

/** The files by which a step of GitHub's runner tells it things, read as the runner reads them. */
function runnerFiles() {
  const names = ['ENV', 'PATH', 'STATE', 'OUTPUT'];
  for (const name of names) writeFileSync(join(folder, name), '');
  const pairs = (name: string): Record<string, string> =>
    Object.fromEntries(
      [
        ...readFileSync(join(folder, name), 'utf8').matchAll(
          /^([^=\n<]+)(?:=(.*)|<<(.+)\n([^]*?)\n\3)$/gm,
        ),
      ].map(([, key = '', value, , text]) => [key, value ?? text ?? '']),
    );
  return {
    env: Object.fromEntries(names.map((name) => [`GITHUB_${name}`, join(folder, name)])),
    pairs,
    path: () => readFileSync(join(folder, 'PATH'), 'utf8').trim(),
  };
}

void t.test(
  'GitHub: the action joins, later steps go by the bridge, the post step leaves',
  async (t) => {
    const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as {
      inputs: Record<string, { default: string }>;
      runs: { main: string; post: string };
    };
    const given: Record<string, string> = {
      authkey: facts.authKey,
      hostname: 'github-job',
      args: `--login-server=${facts.loginServer}`,
      allow: 'peer:web',
    };
    const inputs = Object.entries(action.inputs).map(([name, input]) => [
      `INPUT_${name.toUpperCase()}`,
      given[name] ?? input.default,
    ]);
    const files = runnerFiles();
    const step = (command: readonly [string, ...string[]], env = {}): Promise<Finished> => {
      const [file, ...args] = command;
      return run(file, args, { cleanEnv: true, timeoutMs: 90_000, env: { ...base, ...env } });
    };
    const own = {
      ...files.env,
      ...Object.fromEntries(inputs),
      RUNNER_TEMP: folder,
      GITHUB_RUN_ID: '7',
    };
    const up = await step([process.execPath, join(root, action.runs.main)], own);
    t.match(up, { code: 0 }, up.stderr);
    t.match(up.stdout, `::add-mask::${facts.authKey}`);
    t.match(files.pairs('OUTPUT'), { 'http-proxy': 'http://127.0.0.1:8080' });

    // The runner gives each later step what the files say.
    const later = { ...files.pairs('ENV'), PATH: `${files.path()}:${base.PATH}` };
    t.match(await step(['curl', '-sS', url], later), { code: 0, stdout: /"via":\s*"web"/ });
    t.match(await step(['curl', '-sS', 'http://db/'], later), { stdout: /SPACETAIL_ALLOW/ });
    t.match(await step(['spacetail', 'status'], later), { code: 0, stdout: /github-job/ });

    const state = Object.entries(files.pairs('STATE')).map(([name, value]) => [
      `STATE_${name}`,
      value,
    ]);
    const down = await step([process.execPath, join(root, action.runs.post)], {
      ...later,
      ...Object.fromEntries(state),
    });
    t.match(down, { code: 0, stderr: /web[^]*spacetail: down/ });
    await gone('github-job');
  },
);

void t.test(
  'GitLab: the job of the example joins, runs and leaves, also when its script fails',
  async (t) => {
    const { '.tailnet': job } = parse(
      readFileSync(join(root, 'examples/gitlab/.gitlab-ci.yml'), 'utf8'),
    ) as {
      '.tailnet': {
        variables: Record<string, string>;
        before_script: string[];
        after_script: string[];
      };
    };
    const image = join(folder, 'image');
    t.match(await run('sh', ['-ec', layOut(image)]), { code: 0 });
    const env = {
      ...base,
      ...job.variables,
      PATH: `${image}/bin:${base.PATH}`,
      TS_HOSTNAME: 'gitlab-7',
      TS_AUTHKEY: facts.authKey,
      TS_EXTRA_ARGS: `--login-server=${facts.loginServer}`,
    };
    const shell = (lines: readonly string[]): Promise<Finished> =>
      run('bash', ['-eo', 'pipefail', '-c', lines.join('\n')], {
        cleanEnv: true,
        env,
        timeoutMs: 90_000,
      });
    const done = await shell([...job.before_script, `curl -sS ${url}`, 'exit 3']);
    t.match(done, { code: 3, stdout: /"via":\s*"web"/ }, done.stderr);
    t.match(await shell(['spacetail status']), { code: 0 }, 'the end of the shell did not end it');
    t.match(await shell(job.after_script), { code: 0, stderr: /spacetail: down/ });
    await gone('gitlab-7');
  },
);
