/**
 * `make bench`: speed and memory, the peers side by side, as ratios with their bars. Brings the peers first,
 * then measures inside the namespace of test/tailnet/enter.ts. `--quick` in some two minutes; `--only NAME`
 * measures that section (sections.ts), and may be repeated; `--write FILE` writes the tables.
 */
import { enterNamespace } from '../tailnet/enter-namespace.ts';
import { ensureTools } from '../tailnet/toolchain.ts';
import { insideNamespace } from '../tailnet/namespace.ts';
import { buildGoProgram } from '../support/go-program.ts';
import { buildLoad } from './load.ts';
import { readOptions } from './options.ts';
import { bringPrograms } from './peers/debian.ts';
import { bringNpmPeers } from './peers/npm.ts';

/** 10,000 tunnels are 20,000 descriptors of the bridge and as many of the peers. */
const withMoreFiles = [
  'sh',
  '-c',
  'ulimit -n 100000 2>/dev/null || ulimit -n "$(ulimit -Hn)"; exec "$@"',
  'sh',
];

async function prepare(): Promise<void> {
  const say = (line: string): void => console.error(`bench: ${line}`);
  await ensureTools(say);
  await buildLoad();
  await buildGoProgram('relay', `${import.meta.dirname}/../tailnet/relay`);
  for (const line of [...(await bringPrograms()), ...(await bringNpmPeers())]) say(line);
}

// A typing mistake is told before minutes of preparation.
const options = readOptions(process.argv.slice(2));
if (insideNamespace()) {
  const { measure } = await import('./measure.ts');
  await measure(options);
  // Whatever a section that failed has left running must not keep us here; the namespace ends it.
  process.exit();
} else {
  await prepare();
  process.exitCode = await enterNamespace([
    ...withMoreFiles,
    process.execPath,
    ...process.argv.slice(1),
  ]);
}
