/**
 * Builds dist/: spacetail.js, the small bin, and main.cjs, one bundle of everything that runs alone, without
 * node_modules; index.cjs, the API, the same way. CommonJS, since there Node's own modules are loaded only when they
 * are used. Beside them the man page, the completions and the API's declarations.
 *
 * `--command-only` leaves the API out, for the image, where there is no TypeScript to declare it.
 */
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { readPackage, root } from './repository.ts';
import { readCommands } from './ship/commands.ts';
import { bash, fish, zsh } from './ship/completion.ts';
import { manPage } from './ship/man.ts';

const { version } = await readPackage();
const dist = `${root}/dist`;

async function bundle(source: string, outfile: string): Promise<void> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [source],
    outfile,
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
  console.log(`${outfile} ${(bytes / 1024).toFixed(0)} KiB`);
}

async function buildCommand(): Promise<void> {
  const entry = await readFile(`${root}/scripts/bin-entry.js`, 'utf8');
  await writeFile(`${dist}/spacetail.js`, entry.replace('SPACETAIL_VERSION', version));
  await chmod(`${dist}/spacetail.js`, 0o755);
  await bundle('src/cli.ts', 'dist/main.cjs');
}

async function buildPages(): Promise<void> {
  const commands = readCommands();
  await mkdir(`${dist}/completion`);
  await writeFile(`${dist}/spacetail.1`, manPage(version, commands));
  // Under the names that each shell looks for.
  await writeFile(`${dist}/completion/spacetail.bash`, bash(commands));
  await writeFile(`${dist}/completion/_spacetail`, zsh(commands));
  await writeFile(`${dist}/completion/spacetail.fish`, fish(commands));
}

async function buildApi(): Promise<void> {
  const { apiDeclarations } = await import('./ship/declarations.ts');
  await bundle('src/index.ts', 'dist/index.cjs');
  // One copy of the code for both kinds of module, and so one SpacetailError.
  await writeFile(`${dist}/index.js`, "export { SpacetailError, up } from './index.cjs';\n");
  const declarations = await apiDeclarations();
  await writeFile(`${dist}/index.d.ts`, declarations);
  await writeFile(`${dist}/index.d.cts`, declarations);
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist);
await buildCommand();
await buildPages();
if (!process.argv.includes('--command-only')) await buildApi();
