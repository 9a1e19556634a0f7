/**
 * Builds dist/: spacetail.js, the small bin, and main.cjs, one bundle of everything that runs alone, without
 * node_modules. CommonJS, since there Node's own modules are loaded only when they are used.
 */
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { readPackage, root } from './repository.ts';

const { version } = await readPackage();
await rm(`${root}/dist`, { recursive: true, force: true });
await mkdir(`${root}/dist`);
const entry = await readFile(`${root}/scripts/bin-entry.js`, 'utf8');
await writeFile(`${root}/dist/spacetail.js`, entry.replace('SPACETAIL_VERSION', version));
await chmod(`${root}/dist/spacetail.js`, 0o755);
const result = await build({
  absWorkingDir: root,
  entryPoints: ['src/cli.ts'],
  outfile: 'dist/main.cjs',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node22.19',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  define: { SPACETAIL_VERSION: JSON.stringify(version), 'import.meta.url': 'spacetailUrl' },
  banner: { js: "const spacetailUrl = require('node:url').pathToFileURL(__filename).href;" },
  metafile: true,
  logLevel: 'warning',
});
const bytes = Object.values(result.metafile.outputs)[0]?.bytes ?? 0;
console.log(`dist/main.cjs ${(bytes / 1024).toFixed(0)} KiB`);
