import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { LocalApi } from '../../../src/dns/local-api/local-api.ts';
import { createStatusReader } from '../../../src/dns/local-api/status-source.ts';
import { startFakeLocalApi } from '../../support/fake-local-api.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';

const soon = () => AbortSignal.timeout(20_000);
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

function script(folder: string, body: string): string {
  const path = join(folder, 'tailscale');
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

void t.test(
  'the status is what `tailscale status --json` prints, with our socket and a clean environment',
  async (t) => {
    const folder = tmpFolder(t);
    const path = script(
      folder,
      `echo "$@" > ${folder}/args; env > ${folder}/env; echo '{"BackendState":"Running"}'`,
    );
    const read = createStatusReader(
      new LocalApi('/run/ts.sock'),
      { path, env: { PATH: '/usr/bin:/bin', ONLY: 'this' } },
      () => {},
    );
    t.equal(text(await read(soon())), '{"BackendState":"Running"}\n');
    t.equal(readFileSync(`${folder}/args`, 'utf8'), '--socket=/run/ts.sock status --json\n');
    t.notMatch(readFileSync(`${folder}/env`, 'utf8'), /^HOME=/m);
    t.match(readFileSync(`${folder}/env`, 'utf8'), /^ONLY=this$/m);
  },
);

void t.test('a CLI that fails says what it said last, and is asked again', async (t) => {
  const folder = tmpFolder(t);
  const path = script(
    folder,
    'echo first >&2; echo "failed to connect to local tailscaled" >&2; exit 1',
  );
  const read = createStatusReader(new LocalApi('/run/ts.sock'), { path, env: {} }, () => {});
  const error = {
    code: 'local_api_failed',
    message: 'tailscale status --json failed: failed to connect to local tailscaled',
  };
  await t.rejects(read(soon()), error);
  await t.rejects(read(soon()), error);
});

void t.test('without a CLI, or with one that cannot be started, LocalAPI is asked', async (t) => {
  const fake = await startFakeLocalApi(tmpFolder(t));
  t.teardown(() => fake[Symbol.asyncDispose]());
  fake.answer('status', 'from LocalAPI');
  const api = new LocalApi(fake.socketPath);
  const notices: string[] = [];
  const notice = (sentence: string) => notices.push(sentence);
  t.equal(text(await createStatusReader(api, undefined, notice)(soon())), 'from LocalAPI');
  const read = createStatusReader(api, { path: '/absent/tailscale', env: {} }, notice);
  t.equal(text(await read(soon())), 'from LocalAPI');
  t.equal(text(await read(soon())), 'from LocalAPI');
  t.equal(notices.length, 1);
  t.match(notices[0], /\/absent\/tailscale cannot be started \(ENOENT\)/);
});

void t.test('a large status comes from LocalAPI from the second time on', async (t) => {
  const folder = tmpFolder(t);
  const fake = await startFakeLocalApi(folder);
  t.teardown(() => fake[Symbol.asyncDispose]());
  fake.answer('status', 'from LocalAPI');
  const path = script(folder, 'head -c 1000001 /dev/zero');
  const read = createStatusReader(
    new LocalApi(fake.socketPath),
    { path, env: { PATH: '/usr/bin:/bin' } },
    () => {},
  );
  t.equal((await read(soon())).length, 1_000_001);
  t.equal(text(await read(soon())), 'from LocalAPI');
});

void t.test('a CLI that hangs ends with the signal', async (t) => {
  const path = script(tmpFolder(t), 'exec sleep 60');
  const read = createStatusReader(
    new LocalApi('/run/ts.sock'),
    { path, env: { PATH: '/usr/bin:/bin' } },
    () => {},
  );
  await t.rejects(read(AbortSignal.timeout(100)), { name: 'TimeoutError' });
});
