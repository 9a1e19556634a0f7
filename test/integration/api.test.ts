import '../tailnet/inside.ts';
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { type Dispatcher, request } from 'undici';
import { type SpacetailError, up, type UpOptions } from '../../src/index.ts';
import { run } from '../support/run.ts';
import { tmpFolder } from '../support/tmp-folder.ts';
import { waitFor } from '../support/wait-for.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';

t.setTimeout(240_000);
const tailnetOfTest = await useTailnet(t);
const { facts } = tailnetOfTest;
const { http } = facts.tailnetOrigin;

/** What any program on this tailnet has to say; nothing comes from the environment of the test. */
function options(hostname: string): UpOptions & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    authKey: facts.authKey,
    hostname,
    extraArgs: [`--login-server=${facts.loginServer}`],
    tailscale: facts.tools.tailscale,
    tailscaled: facts.tools.tailscaled,
    env: { PATH: process.env['PATH'], TS_DEBUG_USE_DERP_HTTP: '1', TS_CLIENT_SECRET: 'unused' },
    onLine: (line) => lines.push(line),
    lines,
  };
}

const gone = (name: string): Promise<unknown> =>
  tailnetOfTest.untilListed((nodes) => nodes.every((node) => node.name !== name));

void t.test('fetch reaches a node by its short name until it is disposed of', async (t) => {
  const given = options('api-fetch');
  const tailnet = await up(given);
  const { runtimeDir } = tailnet;
  t.match(tailnet.node.name, /^api-fetch\./);
  const url = `http://web:${http}/echo`;
  const response = await fetch(url, { dispatcher: tailnet.dispatcher });
  t.match(await response.json(), { via: 'web' });
  const posted = await fetch(url, {
    dispatcher: tailnet.dispatcher,
    method: 'POST',
    body: 'x'.repeat(200_000),
  });
  t.equal(posted.status, 200, 'a body larger than a buffer');
  await posted.body?.cancel();
  // undici declares its own Dispatcher anew in each version.
  const byUndici = await request(url, { dispatcher: tailnet.dispatcher as unknown as Dispatcher });
  t.match(await byUndici.body.json(), { via: 'web' }, "undici's request");

  t.match(await tailnet.resolve('web'), {
    kind: 'resolved',
    addresses: facts.nodes['web']?.addresses.slice(0, 1),
    source: 'status',
    peer: 'web.tail.test',
  });
  t.match(await tailnet.resolve('wab.tail.test'), {
    kind: 'unresolved',
    nearest: ['web', 'db'],
  });
  const curl = await run('curl', ['-sS', url], { env: tailnet.env });
  t.match(curl, { code: 0, stdout: /"via":\s*"web"/ }, 'the variables for a child process');
  const socks = await run('curl', ['-sS', '-x', tailnet.socksUrl ?? '', url], { cleanEnv: true });
  t.match(socks, { code: 0, stdout: /"via":\s*"web"/ }, 'the SOCKS5 listener');
  await waitFor(
    () => /"proto":"socks5"/.test(readFileSync(`${runtimeDir}/access.log`, 'utf8')) || undefined,
    { what: 'its line of the log' },
  );
  // What `await using` calls, a syntax that Node 22 does not have.
  await tailnet[Symbol.asyncDispose]();
  t.notOk(existsSync(runtimeDir), 'its folder is gone');
  await gone('api-fetch');
  t.match(given.lines.join('\n'), /joining as api-fetch[^]*up as api-fetch[^]*spacetail: down$/);
  t.notMatch(given.lines.join('\n'), facts.authKey);
});

void t.test('two at once have folders, ports and policies of their own', async (t) => {
  const one = await up({ ...options('api-one'), allow: ['web'] });
  t.teardown(() => one.down());
  const two = await up({ ...options('api-two'), deny: ['web'], proxyToken: 'p@ss word' });
  t.teardown(() => two.down());
  t.not(one.proxyUrl, two.proxyUrl);
  t.not(one.runtimeDir, two.runtimeDir);
  const status = async ({ dispatcher }: typeof one): Promise<number> => {
    const response = await fetch(`http://web:${http}/`, { dispatcher });
    await response.body?.cancel();
    return response.status;
  };
  t.equal(await status(one), 200);
  t.equal(await status(two), 403);
  t.match(new URL(two.proxyUrl), { username: 'spacetail', password: 'p%40ss%20word' });
  await one.down();
  await t.rejects(one.resolve('web'), { code: 'not_up' });
  t.match(await two.resolve('web'), { kind: 'resolved' }, 'the other one stays');
  await one.down();
});

void t.test('a run that is up in the folder is joined and left up', async (t) => {
  const runtimeDir = `${tmpFolder(t)}/run`;
  const first = await up({ ...options('api-first'), runtimeDir });
  t.teardown(() => first.down());
  const second = await up({ ...options('api-second'), runtimeDir });
  t.equal(second.node.name, first.node.name);
  t.equal(second.proxyUrl, first.proxyUrl);
  await second.down();
  t.match(await first.resolve('web'), { kind: 'resolved' });
  await first.down();
  t.ok(existsSync(`${runtimeDir}/access.log`), 'a folder that was given keeps its logs');
});

void t.test('what goes wrong has a code, and leaves nothing', async (t) => {
  const failed = (wrong: UpOptions): Promise<SpacetailError> =>
    up(wrong).then(
      () => t.fail('it must not be up') as never,
      (error: unknown) => error as SpacetailError,
    );
  const given = options('api-wrong');
  const refused = await failed({ ...given, authKey: 'not-a-key' });
  t.match(refused, { name: 'SpacetailError', code: /^(login_failed|needs_login)$/, hint: /key/ });
  t.notMatch(refused.message, 'not-a-key');
  const early = await failed({ ...given, signal: AbortSignal.timeout(100) });
  t.equal(early.name, 'TimeoutError');
  const left = await run('sh', ['-c', 'ls -d /tmp/spacetail-?????? 2>/dev/null']);
  t.equal(left.stdout, '', 'no folder');
  const processes = await run('ps', ['-eo', 'args=']);
  t.notMatch(processes.stdout, /\/tmp\/spacetail-\w{6}\//, 'no process');
});
