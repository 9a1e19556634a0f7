// node test/tailnet/with-tailnet.ts [--] CMD…: starts a tailnet in a namespace, runs CMD in there
// with SPACETAIL_TEST_TAILNET naming the facts file, tears all down, and exits as CMD did.
import './inside.ts';

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { join } from 'node:path';

import { writeFacts } from './facts.ts';
import { startTailnet } from './tailnet.ts';

async function withTailnet([file, ...args]: [string, ...string[]]): Promise<number> {
  const report = (line: string): void => void process.stderr.write(`tailnet: ${line}\n`);
  await using tailnet = await startTailnet({ report });
  const facts = join(tailnet.facts.folder, 'facts.json');
  writeFacts(facts, tailnet.facts);
  const env = { ...process.env, SPACETAIL_TEST_TAILNET: facts };
  const child = spawn(file, args, { stdio: 'inherit', env });
  // Ctrl-C reaches CMD by itself; we wait for it.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + constants.signals[signal ?? 'SIGKILL'];
}

const argv = process.argv.slice(2);
if (argv[0] === '--') argv.shift();
if (argv.length === 0) {
  process.stderr.write('usage: node test/tailnet/with-tailnet.ts [--] CMD…\n');
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await withTailnet(argv as [string, ...string[]]);
  } catch (error) {
    process.stderr.write(`with-tailnet: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
