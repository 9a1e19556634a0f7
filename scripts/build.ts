/** Bundles the command line into dist/spacetail.js: one file that runs alone, without node_modules. */
import { chmod, rm } from 'node:fs/promises';
import { build } from 'esbuild';
import { readPackage, root } from './repository.ts';

const { version } = await readPackage();
await rm(`${root}/dist`, { recursive: true, force: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: ['src/cli.ts'],
  outfile: 'dist/spacetail.js',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22.19',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  define: { SPACETAIL_VERSION: JSON.stringify(version) },
  // CommonJS packages in the bundle call require() for Node's own modules, which an ES module has not.
  banner: {
    js: [
      '#!/usr/bin/env node',
      "import { createRequire as spacetailRequire } from 'node:module';",
      'const require = spacetailRequire(import.meta.url);',
    ].join('\n'),
  },
  metafile: true,
  logLevel: 'warning',
});
await chmod(`${root}/dist/spacetail.js`, 0o755);
const bytes = Object.values(result.metafile.outputs)[0]?.bytes ?? 0;
console.log(`dist/spacetail.js ${(bytes / 1024).toFixed(0)} KiB`);
