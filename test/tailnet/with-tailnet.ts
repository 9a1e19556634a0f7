// node test/tailnet/with-tailnet.ts [--] CMD…: starts a tailnet in a namespace, runs CMD in there
// with SPACETAIL_TEST_TAILNET naming the facts file, tears all down, and exits as CMD did.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { join } from 'node:path';

import { using } from '../support/using.ts';
import { commandOf, exitWith } from './command.ts';
import { runSelfInNamespace } from './enter-namespace.ts';
import { type TailnetFacts, writeFacts } from './facts.ts';
import { insideNamespace } from './namespace.ts';
import { startTailnet } from './tailnet.ts';
import { ensureTools } from './toolchain.ts';

const report = (line: string): void => void process.stderr.write(`tailnet: ${line}\n`);

async function main(): Promise<number> {
  const [command, ...args] = commandOf('with-tailnet');
  if (!insideNamespace()) {
    // The build may need the network.
    await ensureTools(report);
    return runSelfInNamespace();
  }
  return await using(await startTailnet({ report }), (tailnet) =>
    runOn(tailnet.facts, command, args),
  );
}

async function runOn(own: TailnetFacts, command: string, args: readonly string[]): Promise<number> {
  const facts = join(own.folder, 'facts.json');
  writeFacts(facts, own);
  const env = { ...process.env, SPACETAIL_TEST_TAILNET: facts };
  const child = spawn(command, args, { stdio: 'inherit', env });
  // Ctrl-C reaches CMD by itself; we wait for it.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => child.kill(signal));
  }
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + constants.signals[signal ?? 'SIGKILL'];
}

await exitWith('with-tailnet', main);
