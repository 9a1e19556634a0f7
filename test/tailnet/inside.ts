// Import this first in a test file that needs the tailnet: outside a namespace it runs the same
// file again inside one, passes its output and exit code on, and leaves. It has to be synchronous,
// since the imports that follow must not be evaluated out here.
import { spawnSync } from 'node:child_process';

import { enterCommand, insideNamespace } from './namespace.ts';

if (!insideNamespace()) {
  const { file, args, env } = enterCommand([
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1),
  ]);
  process.exit(spawnSync(file, args, { stdio: 'inherit', env }).status ?? 1);
}
