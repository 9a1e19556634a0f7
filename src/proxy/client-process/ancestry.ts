import { readFileSync } from 'node:fs';

/** More than any tree of processes that somebody starts on purpose. */
const MOST_STEPS = 64;

/** Whether `pid` is a child of `ancestor`, or a child's child. A process that cannot be looked at may be one. */
export function descendsFrom(pid: number, ancestor: number, procFolder = '/proc'): boolean {
  let at = pid;
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const parent = parentOf(at, procFolder);
    if (parent === undefined || parent === ancestor) return true;
    if (parent <= 1) return false;
    at = parent;
  }
  return true;
}

/** Of proc(5) stat: the fourth field; the second is a name that may have spaces and brackets in it. */
function parentOf(pid: number, procFolder: string): number | undefined {
  try {
    const stat = readFileSync(`${procFolder}/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
