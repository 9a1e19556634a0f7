import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

import { enterCommand } from './namespace.ts';

/**
 * Runs a command in a namespace of its own, with our stdin, stdout and stderr. SIGTERM, SIGHUP and
 * (outside a terminal) SIGINT that we get, it gets as SIGTERM.
 *
 * @returns its exit code, 128 + n after signal n.
 * @throws Error with one plain sentence when the kernel refuses.
 */
export async function enterNamespace(argv: readonly string[]): Promise<number> {
  const command = enterCommand(argv);
  const child = spawn(command.file, command.args, { stdio: 'inherit', env: command.env });
  const pass = (): void => {
    const init = child.pid === undefined ? undefined : onlyChild(child.pid);
    if (init === undefined) child.kill('SIGKILL');
    else process.kill(init, 'SIGTERM');
  };
  // Ctrl-C reaches the command by itself, since it is in the terminal's foreground group too.
  process.on('SIGINT', () => process.stdin.isTTY || pass());
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, pass);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? 128 + constants.signals[signal ?? 'SIGKILL'];
}

/**
 * For a program that needs a namespace: runs the same program, with the same arguments, in there.
 * @returns its exit code.
 */
export function runSelfInNamespace(): Promise<number> {
  return enterNamespace([process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
}

/** Process 1 of the namespace, by the pid it has out here. unshare itself ignores SIGTERM. */
function onlyChild(pid: number): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return children === '' ? undefined : Number(children.split(' ')[0]);
  } catch {
    return undefined;
  }
}
