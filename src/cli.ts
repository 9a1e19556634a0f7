/**
 * The command line. Each command's code is loaded only when it is called; flags are laid over the
 * environment here (they win) and everything else happens in src/commands.
 */
import { SpacetailError } from './errors.ts';
import { version } from './version.ts';

async function main(argv: readonly string[]): Promise<number> {
  // Before anything is loaded: hooks and editors ask for the version often.
  if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-V')) {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  const { processIo } = await import('./commands/io.ts');
  const io = processIo();
  try {
    const { runProgram } = await import('./commands/program.ts');
    return await runProgram(argv, io);
  } catch (error) {
    const { printError } = await import('./commands/print-error.ts');
    printError(error, io);
    return error instanceof SpacetailError ? error.exitCode : 1;
  }
}

async function start(): Promise<void> {
  // A handle left open must not keep a hook waiting; writes to a pipe or file are synchronous on Linux.
  process.exit(await main(process.argv.slice(2)));
}

void start();
