/** The action's main step: copies our files out of the image, joins the tailnet, exports the proxy variables. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { append, fail, input, mask } from './github.js';

/** @param {string} image @returns {string} folder with spacetail, tailscale and tailscaled */
function fetchFiles(image) {
  const folder = mkdtempSync(join(process.env['RUNNER_TEMP'] || tmpdir(), 'spacetail-'));
  // The image holds nothing that could run: `create` wants a command all the same, and never starts it.
  const container = execFileSync('docker', ['create', '--quiet', image, 'none'], {
    encoding: 'utf8',
  }).trim();
  try {
    execFileSync('docker', ['cp', `${container}:/.`, folder], { stdio: 'inherit' });
  } finally {
    execFileSync('docker', ['rm', container], { stdio: 'ignore' });
  }
  return join(folder, 'bin');
}

/** @param {string} audience @returns {Promise<string>} the job's OIDC token for that audience */
async function idToken(audience) {
  const url = process.env['ACTIONS_ID_TOKEN_REQUEST_URL'];
  if (!url) throw new Error('no OIDC token: the job needs `permissions: id-token: write`');
  const response = await fetch(`${url}&audience=${encodeURIComponent(audience)}`, {
    headers: { authorization: `Bearer ${process.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}` },
    signal: AbortSignal.timeout(15_000),
  });
  if (!response.ok)
    throw new Error(`no OIDC token: the runner's endpoint answered ${response.status}`);
  const { value } = await response.json();
  mask(value);
  return value;
}

/** @returns {Promise<Record<string, string>>} the variables of `spacetail up`, without those that are empty */
async function variables() {
  const clientId = input('oauth-client-id');
  const secret = input('oauth-secret');
  const all = {
    TS_AUTHKEY: input('authkey'),
    ...(clientId !== '' && secret === '' && input('audience') !== ''
      ? {
          TS_CLIENT_ID: clientId,
          TS_ID_TOKEN: await idToken(input('audience')),
          TS_AUDIENCE: input('audience'),
        }
      : { TS_OAUTH_CLIENT_ID: clientId, TS_OAUTH_CLIENT_SECRET: secret }),
    TS_OAUTH_TAGS: input('tags'),
    TS_HOSTNAME: input('hostname') || `github-${process.env['GITHUB_RUN_ID'] ?? 'run'}`,
    TS_EXTRA_ARGS: input('args'),
    SPACETAIL_ALLOW: input('allow'),
    SPACETAIL_POLICY_MODE: input('policy-mode'),
    // A step's shell ends at once: the post step, not the watchdog, ends the run.
    SPACETAIL_OWNER_PID: '0',
  };
  mask(all.TS_AUTHKEY);
  mask(secret);
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
}

try {
  const folder = fetchFiles(input('image'));
  append('GITHUB_PATH', folder);
  append('GITHUB_STATE', `bin=${folder}`);
  const env = {
    ...process.env,
    ...(await variables()),
    PATH: `${folder}${delimiter}${process.env['PATH']}`,
  };
  const spacetail = (/** @type {string[]} */ args, /** @type {'inherit' | 'pipe'} */ stdout) =>
    execFileSync(process.execPath, [join(folder, 'spacetail'), ...args], {
      env,
      encoding: 'utf8',
      stdio: ['ignore', stdout, 'inherit'],
    });
  spacetail(['up'], 'inherit');
  append('GITHUB_ENV', spacetail(['env', '--format', 'github'], 'pipe'));
  const json = JSON.parse(spacetail(['env', '--format', 'json'], 'pipe'));
  append('GITHUB_OUTPUT', `http-proxy=${json.HTTP_PROXY}`);
} catch (error) {
  fail(error);
}
