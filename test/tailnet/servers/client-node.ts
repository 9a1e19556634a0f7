import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Variable in a tailscaled's environment that says which node of the test tailnet it is. */
export const NODE_VARIABLE = 'SPACETAIL_TEST_NODE';

/**
 * The node whose tailscaled holds the client's end of a TCP connection to us: so a test learns
 * whether a request came over the tailnet. Undefined when it came by the host's own network.
 * Looks through /proc, which takes some milliseconds: not for a hot path.
 *
 * @param clientPort the client's port, @param serverPort ours; both ends are on this machine.
 */
export function clientNode(clientPort: number, serverPort: number): string | undefined {
  const inode = inodeOf(clientPort, serverPort);
  if (inode === undefined) return undefined;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const name = nodeName(pid);
    if (name !== undefined && holds(pid, `socket:[${inode}]`)) return name;
  }
  return undefined;
}

/** Whether a process still has the client's end: nobody can tell whose it was after. */
export function isHeld(clientPort: number, serverPort: number): boolean {
  return (inodeOf(clientPort, serverPort) ?? '0') !== '0';
}

/** proc_pid_net(5): `sl local_address rem_address st … inode`, addresses as hex:hex. */
function inodeOf(localPort: number, remotePort: number): string | undefined {
  const hex = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const file of ['/proc/self/net/tcp', '/proc/self/net/tcp6']) {
    for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(hex(localPort)) && fields[2]?.endsWith(hex(remotePort))) {
        return fields[9];
      }
    }
  }
  return undefined;
}

function nodeName(pid: string): string | undefined {
  const variables = unlessGone(() => readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0'));
  const found = variables?.find((variable) => variable.startsWith(`${NODE_VARIABLE}=`));
  return found?.slice(NODE_VARIABLE.length + 1);
}

function holds(pid: string, link: string): boolean {
  const fds = unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return fds.some((fd) => unlessGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) === link);
}

/** Processes and files in /proc come and go while we look. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
