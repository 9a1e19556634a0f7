import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { cli } from '../support/cli.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

function fakeCli(folder: string): string {
  const path = join(folder, 'tailscale');
  writeFileSync(
    path,
    `#!/bin/sh\nprintf '[%s]' "$@"\nprintf '|%s' "\${TS_AUTHKEY-none}"\nexit 3\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

void t.test(
  'the arguments go to the tailscale command line on our socket, its exit code comes back',
  async (t) => {
    const folder = tmpFolder(t);
    const env = {
      SPACETAIL_RUNTIME_DIR: folder,
      SPACETAIL_TAILSCALE: fakeCli(folder),
      TS_AUTHKEY: 'tskey-auth-secret',
    };
    t.match(await cli(['tailscale', 'ping', '--c', '1', '--help', 'a b'], { env }), {
      code: 3,
      stdout: `[--socket=${folder}/tailscaled.sock][ping][--c][1][--help][a b]|none`,
    });
    t.match(
      await cli(['tailscale', 'status'], { env: { ...env, TS_SOCKET: `${folder}/other.sock` } }),
      {
        stdout: `[--socket=${folder}/other.sock][status]|none`,
      },
    );
  },
);

void t.test('a missing tailscale is 127', async (t) => {
  const env = { SPACETAIL_RUNTIME_DIR: tmpFolder(t), SPACETAIL_TAILSCALE: '/nowhere/tailscale' };
  t.match(await cli(['tailscale', 'status'], { env }), {
    code: 127,
    stderr: /\/nowhere\/tailscale: not found/,
  });
});
