// node test/tailnet/main.ts [--facts FILE]: starts a tailnet, prints its facts as JSON (also into
// FILE), and stays until SIGTERM, SIGINT or SIGHUP. Outside a namespace it makes one for itself,
// which nobody else can enter: to use the tailnet by hand, run a shell by with-tailnet.ts.
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { using } from '../support/using.ts';
import { exitWith } from './command.ts';
import { runSelfInNamespace } from './enter-namespace.ts';
import { writeFacts } from './facts.ts';
import { insideNamespace } from './namespace.ts';
import { startTailnet } from './tailnet.ts';
import { ensureTools } from './toolchain.ts';

const report = (line: string): void => void process.stderr.write(`tailnet: ${line}\n`);

async function main(): Promise<number> {
  const { facts: file } = parseArgs({ options: { facts: { type: 'string' } } }).values;
  if (!insideNamespace()) {
    // The build may need the network.
    await ensureTools(report);
    return runSelfInNamespace();
  }
  const leaving = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.on(signal, () => resolve());
  });
  await using(await startTailnet({ report }), async ({ facts }) => {
    if (file !== undefined) writeFacts(file, facts);
    process.stdout.write(`${JSON.stringify(facts, undefined, 2)}\n`);
    await leaving;
  });
  if (file !== undefined) rmSync(file, { force: true });
  return 0;
}

await exitWith('tailnet', main);
