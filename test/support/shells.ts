import { execFileSync } from 'node:child_process';

/** The shells that hooks run in. */
export const shells: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'BusyBox ash': ['busybox', 'ash', '-c'],
  dash: ['dash', '-c'],
  bash: ['bash', '-c'],
};

/** Runs a script in a shell with an environment of PATH and `env` alone; what it prints. */
export function inShell(
  shell: readonly [string, ...string[]],
  script: string,
  env: Readonly<Record<string, string>> = {},
): string {
  const [command, ...args] = shell;
  return execFileSync(command, [...args, script], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    encoding: 'utf8',
    // bash takes a socket at stdin for rshd and reads .bashrc.
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
