#!/usr/bin/env node
// The bin: as small as can be, so that the version is printed and the code cache is switched on before the
// bundle (main.cjs) is read. Plain JavaScript that any Node parses, since it is what tells that a Node is too old.
import { lstatSync, mkdirSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
  // Without a folder that is ours alone it starts a little slower.
  const folder = ownFolder();
  if (folder !== undefined) module.enableCompileCache(folder);
  createRequire(import.meta.url)('./main.cjs');
}

/** What lies in the cache is run as code: in a folder that another user made or may write to, it would be theirs. */
function ownFolder() {
  const uid = process.getuid?.();
  const parent = tmpdir();
  const folder = join(parent, `spacetail-cache-${uid}`);
  try {
    const { mode, uid: owner } = lstatSync(parent);
    const isShared = (mode & 0o022) !== 0;
    const isSticky = (mode & 0o1000) !== 0;
    if ((isShared && !isSticky) || (owner !== uid && owner !== 0)) return undefined;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const made = lstatSync(folder);
    return made.isDirectory() && made.uid === uid && (made.mode & 0o077) === 0 ? folder : undefined;
  } catch {
    return undefined;
  }
}
