import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FakeProcess {
  readonly pid: number;
  readonly exe: string;
  /** Descriptor number → inode of a socket. */
  readonly sockets: readonly number[];
}

/** Makes a folder that looks like /proc as far as sockets and processes go. */
export function fakeProc(folder: string, processes: readonly FakeProcess[]): string {
  for (const { pid, exe, sockets } of processes) {
    const fd = join(folder, String(pid), 'fd');
    mkdirSync(fd, { recursive: true });
    symlinkSync(exe, join(folder, String(pid), 'exe'));
    for (const [index, inode] of sockets.entries()) {
      symlinkSync(inode === 0 ? '/dev/null' : `socket:[${inode}]`, join(fd, String(index + 3)));
    }
  }
  return folder;
}

/** Rows of `/proc/net/tcp` or `tcp6`, addresses in the kernel's hexadecimal. */
export function fakeTable(folder: string, name: 'tcp' | 'tcp6', rows: readonly FakeRow[]): void {
  mkdirSync(join(folder, 'net'), { recursive: true });
  writeFileSync(join(folder, 'net', name), tableText(rows));
}

export interface FakeRow {
  readonly local: string;
  readonly remote: string;
  readonly inode: number;
}

export function tableText(rows: readonly FakeRow[]): string {
  const head =
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
  const lines = rows.map(
    ({ local, remote, inode }, index) =>
      `${String(index).padStart(4)}: ${local} ${remote} 01 00000000:00000000 00:00000000 00000000  1983        0 ${inode} 1 0000000000000000 20 4 30 10 -1`,
  );
  return [head, ...lines, ''].join('\n');
}
