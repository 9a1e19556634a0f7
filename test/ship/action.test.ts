import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { run, type Finished } from '../support/run.ts';
import { tmpFolder, type HasTeardown } from '../support/tmp-folder.ts';

const root = join(import.meta.dirname, '..', '..');
const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as {
  inputs: Record<string, { default: string }>;
  runs: Record<string, string>;
};

/** docker that hands out a spacetail which writes down how it was called. */
const fakeDocker = `#!/bin/sh
echo "docker $*" >> "$CALLS"
case $1 in
  create) echo container-1 ;;
  cp) mkdir -p "$3/bin" && cp "$FAKE_SPACETAIL" "$3/bin/spacetail" ;;
esac
`;
const fakeSpacetail = `
const { appendFileSync } = require('node:fs');
const args = process.argv.slice(2).join(' ');
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(TS|SPACETAIL)_/.test(name)));
appendFileSync(process.env.CALLS, 'spacetail ' + args + ' ' + JSON.stringify(env) + '\\n');
if (args === 'up') process.exit(Number(process.env.UP_EXIT ?? 0));
if (args === 'env --format github') console.log('HTTP_PROXY=http://127.0.0.1:8080');
if (args === 'env --format json') console.log('{"HTTP_PROXY":"http://127.0.0.1:8080"}');
`;

interface Job {
  readonly step: (
    script: string,
    inputs?: Record<string, string>,
    env?: Record<string, string>,
  ) => Promise<Finished>;
  readonly file: (name: string) => string;
}

function job(t: HasTeardown): Job {
  const folder = tmpFolder(t);
  mkdirSync(join(folder, 'path'));
  writeFileSync(join(folder, 'path/docker'), fakeDocker);
  chmodSync(join(folder, 'path/docker'), 0o755);
  writeFileSync(join(folder, 'fake-spacetail'), fakeSpacetail);
  const files = ['ENV', 'PATH', 'STATE', 'OUTPUT'];
  for (const name of [...files, 'calls']) writeFileSync(join(folder, name), '');
  return {
    file: (name) => readFileSync(join(folder, name), 'utf8'),
    step: (script, inputs = {}, env = {}) => {
      const given = Object.entries(action.inputs).map(([name, { default: value }]) => [
        `INPUT_${name.toUpperCase()}`,
        inputs[name] ?? value,
      ]);
      return run(process.execPath, [join(root, script)], {
        env: {
          ...Object.fromEntries(given),
          ...Object.fromEntries(files.map((name) => [`GITHUB_${name}`, join(folder, name)])),
          PATH: `${join(folder, 'path')}:${process.env['PATH'] ?? ''}`,
          CALLS: join(folder, 'calls'),
          FAKE_SPACETAIL: join(folder, 'fake-spacetail'),
          RUNNER_TEMP: folder,
          GITHUB_RUN_ID: '42',
          ...env,
        },
      });
    },
  };
}

const up = action.runs['main'] ?? '';
const down = action.runs['post'] ?? '';

void t.test(
  'an OAuth client joins, exports the variables and leaves in the post step',
  async (t) => {
    const { step, file } = job(t);
    const result = await step(up, {
      'oauth-client-id': 'kId',
      'oauth-secret': 'tskey-client-secret',
      allow: 'tag:db:5432',
    });
    t.match(result, { code: 0, stderr: '' });
    t.match(result.stdout, '::add-mask::tskey-client-secret');
    const calls = file('calls').trim().split('\n');
    t.match(calls[0], `docker create --quiet ${action.inputs['image']?.default} none`);
    t.match(calls[2], 'docker rm container-1');
    t.match(calls[3], 'spacetail up');
    t.same(JSON.parse(calls[3]?.replace('spacetail up ', '') ?? ''), {
      TS_OAUTH_CLIENT_ID: 'kId',
      TS_OAUTH_CLIENT_SECRET: 'tskey-client-secret',
      TS_OAUTH_TAGS: 'tag:ci',
      TS_HOSTNAME: 'github-42',
      SPACETAIL_ALLOW: 'tag:db:5432',
      SPACETAIL_OWNER_PID: '0',
    });
    t.equal(file('ENV'), 'HTTP_PROXY=http://127.0.0.1:8080\n');
    t.equal(file('OUTPUT'), 'http-proxy=http://127.0.0.1:8080\n');
    const folder = file('PATH').trim();
    t.equal(file('STATE'), `bin=${folder}\n`);
    t.match(await step(down, {}, { STATE_bin: folder }), { code: 0 });
    t.match(file('calls').trim().split('\n').at(-1), /^spacetail down /);
  },
);

void t.test('a federated identity sends the job’s own token, for its audience', async (t) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    response.end('{"value":"the.job.token"}');
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { step, file } = job(t);
  const result = await step(
    up,
    { 'oauth-client-id': 'kFederated', audience: 'api.example/kFederated' },
    {
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token?v=1`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'runner-token',
    },
  );
  t.match(result, { code: 0 });
  t.same(asked, ['/token?v=1&audience=api.example%2FkFederated Bearer runner-token']);
  t.match(result.stdout, '::add-mask::the.job.token');
  t.match(
    file('calls'),
    '"TS_CLIENT_ID":"kFederated","TS_ID_TOKEN":"the.job.token","TS_AUDIENCE":"api.example/kFederated"',
  );
});

void t.test('a job without id-token permission is told so', async (t) => {
  const { step } = job(t);
  const result = await step(
    up,
    { 'oauth-client-id': 'kFederated', audience: 'x' },
    { ACTIONS_ID_TOKEN_REQUEST_URL: '' },
  );
  t.equal(result.code, 1);
  t.match(
    result.stdout,
    '::error title=spacetail::no OIDC token: the job needs `permissions: id-token: write`',
  );
});

void t.test('a failed up fails the step, and the post step still runs down', async (t) => {
  const { step, file } = job(t);
  const result = await step(up, { authkey: 'tskey-auth-x' }, { UP_EXIT: '1' });
  t.equal(result.code, 1);
  t.same(
    result.stdout.split('\n').filter((line) => line.includes('tskey-auth-x')),
    ['::add-mask::tskey-auth-x'],
    'the key is masked and said nowhere else',
  );
  t.equal(file('ENV'), '');
  t.match(await step(down, {}, { STATE_bin: file('STATE').trim().slice('bin='.length) }), {
    code: 0,
  });
});

void t.test('the post step of a job that never got that far does nothing', async (t) => {
  t.match(await job(t).step(down), { code: 0, stdout: '', stderr: '' });
});
