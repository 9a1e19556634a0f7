import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { startCli } from '../support/cli.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

void t.test('a reader that goes away ends a command quietly, as SIGPIPE would', async (t) => {
  const folder = tmpFolder(t);
  writeFileSync(join(folder, 'access.log'), 'a line of the log\n'.repeat(200_000));
  const child = startCli(t, ['logs'], { SPACETAIL_RUNTIME_DIR: folder });
  const stderr = text(child.stderr);
  await once(child.stdout, 'data');
  child.stdout.destroy();
  t.same(await once(child, 'exit'), [141, null]);
  t.equal(await stderr, '');
});

void t.test('nobody reads the messages: the command goes on', async (t) => {
  const child = startCli(t, ['env'], { SPACETAIL_RUNTIME_DIR: join(tmpFolder(t), 'none') });
  // Gone before the warning that nothing is up.
  child.stderr.destroy();
  const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  t.equal(code, 0);
  t.match(stdout, /HTTP_PROXY=/);
});

void t.test('a signal ends a command that follows a log, exit 0', async (t) => {
  const folder = tmpFolder(t);
  writeFileSync(join(folder, 'access.log'), 'one\n');
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const child = startCli(t, ['logs', '-f'], { SPACETAIL_RUNTIME_DIR: folder });
    await once(child.stdout, 'data');
    child.kill(signal);
    t.same(await once(child, 'exit'), [0, null], signal);
  }
});
