#!/usr/bin/env node
// The bin: as small as can be, so that the version is printed and the code cache is switched on before the
// bundle (main.cjs) is read. Plain JavaScript that any Node parses, since it is what tells that a Node is too old.
import module, { createRequire } from 'node:module';

const [major, minor] = process.versions.node.split('.').map(Number);
const words = process.argv.slice(2);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `spacetail needs Node >= 22.19; this is ${process.version} (${process.execPath})\n`,
  );
  process.exitCode = 1;
} else if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
  process.stdout.write('SPACETAIL_VERSION\n');
} else {
  // A cache folder that cannot be written is no reason to fail; it then starts a little slower.
  module.enableCompileCache();
  createRequire(import.meta.url)('./main.cjs');
}
