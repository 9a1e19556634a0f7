import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const INIT = join(import.meta.dirname, 'namespace.sh');

/** True in a process that runs in a namespace made here. */
export function insideNamespace(): boolean {
  return process.env['SPACETAIL_TEST_NAMESPACE'] === '1';
}

export interface EnterCommand {
  file: string;
  args: string[];
  env: NodeJS.ProcessEnv;
}

/**
 * The command line that runs `argv` in a network, mount and pid namespace of its own (see
 * namespace.sh): nothing in it can reach the network outside, and all that it starts, and all that
 * it puts into TMPDIR, is gone when it ends.
 *
 * @throws Error with one plain sentence when the kernel refuses that.
 */
export function enterCommand(argv: readonly string[]): EnterCommand {
  const [file, ...flags] = unshareCommand() as [string, ...string[]];
  // Only a mount point, empty on this side: all namespaces of a user share it.
  const mountPoint = join(tmpdir(), `st-${process.getuid?.()}`);
  mkdirSync(mountPoint, { recursive: true, mode: 0o700 });
  return {
    file,
    args: [...flags, 'sh', INIT, ...argv],
    env: { ...process.env, TMPDIR: mountPoint },
  };
}

/** What the kernel must allow. Root keeps its real uids; anybody else becomes root of a user namespace. */
function unshareCommand(): string[] {
  const own = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const dieWithUs = ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...own];
  // Entering a user namespace forgets the parent-death signal, so it is set after that.
  const asUser = ['unshare', '--user', '--map-root-user', ...dieWithUs];
  const refused: string[] = [];
  for (const command of process.getuid?.() === 0 ? [dieWithUs, asUser] : [asUser]) {
    const probe = spawnSync(command[0] ?? '', [...command.slice(1), 'true'], { encoding: 'utf8' });
    if (probe.status === 0) return command;
    refused.push(probe.error?.message ?? probe.stderr.trim());
  }
  throw new Error(
    'the kernel refuses network namespaces here, and the tailnet tests need one ' +
      `(as root or by unprivileged user namespaces): ${refused.join('; ')}`,
  );
}
