/** Who listens on which port of this network namespace. */
import { readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { listProcesses, scanProcesses } from '../../proxy/client-process/process-table.ts';
import { readSocketTable } from '../../proxy/client-process/socket-table.ts';

/** Socket inode → pid, of the processes that we may look into. */
export async function socketOwners(): Promise<Map<string, number>> {
  const owners = new Map<string, number>();
  await scanProcesses(listProcesses('/proc'), '/proc', (inode, pid) => {
    owners.set(inode, pid);
    return 'more';
  });
  return owners;
}

export async function programOf(pid: number): Promise<string> {
  const path = await readlink(`/proc/${pid}/exe`).catch(() => '');
  const name =
    path === ''
      ? (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim()
      : basename(path);
  return `${name || 'a process'} (pid ${pid})`;
}

/** Who listens on a port, in words. */
export async function holderOf(port: number): Promise<string> {
  const [table, owners] = await Promise.all([readSocketTable(), socketOwners()]);
  const holders = table.listeners().filter((socket) => socket.port === port);
  for (const { inode } of holders) {
    const pid = owners.get(inode);
    if (pid !== undefined) return await programOf(pid);
  }
  return holders.length === 0 ? 'another process' : 'a process of another user or container';
}
