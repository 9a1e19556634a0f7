// node test/tailnet/main.ts [--facts FILE]: starts a tailnet, prints its facts as JSON (also into
// FILE), and stays until SIGTERM, SIGINT or SIGHUP. Outside a namespace it makes one for itself, which nobody
// else can enter: to run a command in there, use `node test/tailnet/enter.ts -- CMD`.
import './inside.ts';

import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { writeFacts } from './facts.ts';
import { startTailnet } from './tailnet.ts';

const { values } = parseArgs({ options: { facts: { type: 'string' } } });
const leaving = new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => resolve());
});
try {
  const report = (line: string): void => void process.stderr.write(`tailnet: ${line}\n`);
  const tailnet = await startTailnet({ report });
  if (values.facts !== undefined) writeFacts(values.facts, tailnet.facts);
  process.stdout.write(`${JSON.stringify(tailnet.facts, undefined, 2)}\n`);
  await leaving;
  if (values.facts !== undefined) rmSync(values.facts, { force: true });
  await tailnet.stop();
} catch (error) {
  process.stderr.write(`tailnet: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
