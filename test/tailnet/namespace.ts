import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The addresses that exist inside the namespace, besides 127.0.0.1. */
export const NAMESPACE = {
  /** The machine's own address, on an Ethernet that leads nowhere. */
  host: '192.0.2.10',
  /** Where /etc/resolv.conf points. */
  resolver: '192.0.2.53',
  /** The network behind the subnet router. */
  subnet: '198.51.100.0/24',
  /** Stands for the public internet. */
  internet: '203.0.113.0/24',
} as const;

const INIT = join(import.meta.dirname, 'namespace.sh');

/** True in a process that `enter.ts` or `inside.ts` has started. */
export function insideNamespace(): boolean {
  return process.env['SPACETAIL_TEST_NAMESPACE'] === '1';
}

/** What the kernel must allow. Root keeps its real uids; everybody else becomes root of a user namespace. */
function namespaceFlags(): string[] {
  const own = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const dieWithUs = ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...own];
  // Entering a user namespace forgets the parent-death signal, so it is set again after that.
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

export interface EnterCommand {
  file: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** Removes what entering has put on disk; call it when the command has ended. */
  cleanUp: () => void;
}

/**
 * The command line that runs `argv` in a network, mount and pid namespace of its own: nothing in
 * it can reach the network outside, and all that it starts is gone when it ends.
 *
 * @throws Error with one plain sentence when the kernel refuses that.
 */
export function enterCommand(argv: readonly string[]): EnterCommand {
  const [file, ...flags] = namespaceFlags() as [string, ...string[]];
  const folder = mkdtempSync(join(tmpdir(), 'st-'));
  const resolvConf = join(folder, 'resolv.conf');
  writeFileSync(resolvConf, `nameserver ${NAMESPACE.resolver}\noptions timeout:2 attempts:1\n`);
  return {
    file,
    args: [...flags, 'sh', INIT, ...argv],
    env: { ...process.env, SPACETAIL_TEST_RESOLV_CONF: resolvConf },
    cleanUp: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * The pid, seen from here, of process 1 in the namespace that `pid` (the started command) leads
 * to: the one to send SIGTERM to, since unshare itself ignores that.
 */
export function namespaceInit(pid: number): number | undefined {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return children === '' ? undefined : Number(children.split(' ')[0]);
  } catch {
    return undefined;
  }
}
