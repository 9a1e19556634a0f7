/** Listening TCP sockets of this network namespace and who has them (proc_pid_net(5)). */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename } from 'node:path';

export interface ListeningSocket {
  /** `127.0.0.1`, `::1`, `0.0.0.0`, `::`, … */
  readonly host: string;
  readonly port: number;
  readonly uid: number;
  readonly inode: string;
}

const stateListen = '0A';

export async function listeningSockets(): Promise<ListeningSocket[]> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'utf8').catch(() => '')),
  );
  return tables.flatMap(parseSocketTable);
}

/** The text of /proc/net/tcp or tcp6; lines that are none are passed over. */
export function parseSocketTable(text: string): ListeningSocket[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [address, port] = fields[1]?.split(':') ?? [];
    const host = address === undefined ? undefined : parseAddress(address);
    const inode = fields[9];
    if (
      fields[3] !== stateListen ||
      host === undefined ||
      port === undefined ||
      inode === undefined
    )
      return [];
    return [{ host, port: Number.parseInt(port, 16), uid: Number(fields[7]), inode }];
  });
}

/** 32-bit words in the machine's order, which is little-endian wherever Node runs. */
function parseAddress(hex: string): string | undefined {
  if (!/^(?:[\dA-F]{8}|[\dA-F]{32})$/i.test(hex)) return undefined;
  const bytes = Buffer.from(hex, 'hex');
  bytes.swap32();
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(at * 2).toString(16));
  const text = new URL(`http://[${groups.join(':')}]/`).hostname;
  return text.slice(1, -1);
}

/** Socket inode → pid, of the processes that we may look into. */
export async function socketOwners(): Promise<Map<string, number>> {
  const owners = new Map<string, number>();
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const folder = `/proc/${pid}/fd`;
    const fds = await readdir(folder).catch(() => []);
    const targets = await Promise.all(fds.map((fd) => readlink(`${folder}/${fd}`).catch(() => '')));
    for (const target of targets) {
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined) owners.set(inode, Number(pid));
    }
  }
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
  const [sockets, owners] = await Promise.all([listeningSockets(), socketOwners()]);
  const holders = sockets.filter((socket) => socket.port === port);
  for (const { inode } of holders) {
    const pid = owners.get(inode);
    if (pid !== undefined) return await programOf(pid);
  }
  return holders.length === 0 ? 'another process' : 'a process of another user or container';
}
