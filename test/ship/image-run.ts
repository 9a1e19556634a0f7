/**
 * node test/ship/image-run.ts ROOT: inside the tailnet's namespace, a phase with the module's hooks from an image's root
 * file system, as uid 1983, in BusyBox ash and bash; once with `--ssh`, which the image's tailscaled has to know.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessTailnet } from '../tailnet/access.ts';
import { readFacts } from '../tailnet/facts.ts';
import { run, type Finished } from '../support/run.ts';

const root = process.argv[2];
const factsFile = process.env['SPACETAIL_TEST_TAILNET'];
if (root === undefined || factsFile === undefined)
  throw new Error('usage: with-tailnet.ts -- image-run.ts ROOT');
const facts = readFacts(factsFile);
const tailnet = accessTailnet(facts);
const hooks = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../terraform/hooks.json'), 'utf8'),
) as { before: string[]; after: string[] };

// This mount namespace goes with the tailnet, and these mounts with it.
for (const name of ['proc', 'dev', 'tmp']) mkdirSync(join(root, name), { recursive: true });
execFileSync('mount', ['-t', 'proc', 'proc', join(root, 'proc')]);
execFileSync('mount', ['--rbind', '/dev', join(root, 'dev')]);
execFileSync('mount', ['-t', 'tmpfs', '-o', 'mode=1777', 'tmp', join(root, 'tmp')]);
for (const name of ['resolv.conf', 'hosts'])
  cpSync(`/etc/${name}`, join(root, 'etc', name), { dereference: true });
cpSync(facts.caFile, join(root, 'tmp/ca.pem'));

function inImage(
  shell: readonly string[],
  script: string,
  env: Record<string, string> = {},
): Promise<Finished> {
  return run('chroot', ['--userspec=1983:1983', root ?? '', ...shell, '-c', script], {
    cleanEnv: true,
    timeoutMs: 120_000,
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: '/home/spacelift',
      TS_AUTHKEY: facts.authKey,
      TS_EXTRA_ARGS: `--login-server=${facts.loginServer}`,
      TS_DEBUG_USE_DERP_HTTP: '1',
      SPACETAIL_OWNER_GRACE: '5s',
      ...env,
    },
  });
}

/** As Spacelift chains them. */
const phase = (command: string): string =>
  [...hooks.before, command, ...hooks.after].map((hook) => `{ ${hook}; }`).join(' && ');

const url = (scheme: 'http' | 'https', host: string): string => {
  const port = facts.tailnetOrigin[scheme];
  return `${scheme}://${host}${port === (scheme === 'http' ? 80 : 443) ? '' : `:${port}`}`;
};

async function gone(name: string): Promise<void> {
  await tailnet.untilListed((nodes) => nodes.every((node) => node.name !== name));
}

const versions = await inImage(
  ['sh'],
  'spacetail --version && tailscale version && tailscaled --version && id -u',
);
assert.equal(versions.code, 0, versions.stderr);
console.log(versions.stdout.trim().replaceAll('\n', ' · '));
assert.match(versions.stdout, /^1983$/m);
assert.match(versions.stdout, /1\.102\.5[^-]/, 'the version is stamped');

for (const shell of [['busybox', 'sh'], ['bash']]) {
  const name = `image-${shell.join('-')}`;
  const requests = [
    `curl -sSf ${url('http', 'web')}/echo`,
    `curl -sSf --cacert /tmp/ca.pem ${url('https', 'web.tail.test')}/`,
    `curl -sS -o /dev/null -w '%{http_code} ' http://offline/ `,
  ].join(' && ');
  const done = await inImage(shell, phase(requests), { TS_HOSTNAME: name });
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /"via":\s*"web"/, `reached over the tailnet: ${done.stdout}`);
  assert.match(done.stdout, /503/, 'an offline node is told apart');
  await gone(name);
  console.log(
    `ok up, http, https, an offline node, down in ${shell.join(' ')} as uid 1983 (${Math.round(done.durationMs)} ms)`,
  );
}

const ssh = await inImage(
  ['sh'],
  "spacetail up && trap 'spacetail down' EXIT && spacetail status --json",
  {
    TS_HOSTNAME: 'image-ssh',
    TS_EXTRA_ARGS: `--login-server=${facts.loginServer} --ssh`,
  },
);
assert.equal(ssh.code, 0, ssh.stderr);
await gone('image-ssh');
console.log('ok up with --ssh');

// The smoke test of the published image: `docker run IMAGE spacetail doctor`.
const doctor = await inImage(['sh'], 'spacetail doctor');
console.log(doctor.stdout.trimEnd());
assert.equal(doctor.code, 0, doctor.stderr);
for (const word of ['tailscaled', 'tailscale'])
  assert.match(doctor.stdout, new RegExp(`${word}.*1\\.102\\.5`));

const left = await inImage(['sh'], 'ps -u 1983 -o args=');
assert.equal(
  left.stdout
    .split('\n')
    .filter((line) => !/^(sh|ps) /.test(line))
    .join(''),
  '',
  'nothing is left running',
);
console.log('ok nothing is left');
