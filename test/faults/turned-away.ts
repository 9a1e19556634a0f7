/**
 * A defect of tailscaled's (v1.102: netstack.go, "this is racy"): a node in userspace mode that still waits for a client
 * which died holds a local port for it that the kernel has given away again, and turns the connection away that gets it.
 * The bridge asks once more; after many deaths it happens twice in turn.
 */
import { readFileSync } from 'node:fs';
import type { TailnetNode } from '../tailnet/node.ts';

const LINE =
  /^(\d{4})\/(\d\d)\/(\d\d) (\d\d:\d\d:\d\d) .*could not register TCP mapping .*already registered/gm;

/** How many connections `node` has turned away since a time of the clock; each second of the log counts as a whole. */
export function turnedAway(node: TailnetNode, sinceMs = 0): number {
  const lines = readFileSync(node.log, 'latin1').matchAll(LINE);
  return [...lines].filter(([, year, month, day, time]) => {
    const atMs = new Date(`${year}-${month}-${day}T${time}`).getTime();
    return atMs + 1000 > sinceMs;
  }).length;
}
