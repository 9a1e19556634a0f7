// node test/tailnet/enter.ts [--] CMD…: runs CMD in a namespace of its own and exits as it did.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

import { enterCommand, namespaceInit, type EnterCommand } from './namespace.ts';

function start(argv: string[]): void {
  let command: EnterCommand;
  try {
    command = enterCommand(argv);
  } catch (error) {
    process.stderr.write(`enter: ${(error as Error).message}\n`);
    process.exitCode = 1;
    return;
  }
  const child = spawn(command.file, command.args, { stdio: 'inherit', env: command.env });
  const pass = (): void => {
    const init = child.pid === undefined ? undefined : namespaceInit(child.pid);
    if (init === undefined) child.kill('SIGKILL');
    else process.kill(init, 'SIGTERM');
  };
  // Ctrl-C reaches CMD by itself, since it is in the terminal's foreground group too.
  process.on('SIGINT', () => process.stdin.isTTY || pass());
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, pass);
  child.on('exit', (code, signal) => {
    command.cleanUp();
    process.exit(code ?? 128 + constants.signals[signal ?? 'SIGKILL']);
  });
}

const argv = process.argv.slice(2);
if (argv[0] === '--') argv.shift();
if (argv.length === 0) {
  process.stderr.write('usage: node test/tailnet/enter.ts [--] CMD…\n');
  process.exitCode = 2;
} else {
  start(argv);
}
