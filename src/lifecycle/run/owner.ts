import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { identify, type ProcessId, readProcess } from '../folder/process-id.ts';

/** A process on the way from `up` to the first process of the container. */
export interface Ancestor extends ProcessId {
  readonly argv: readonly string[];
  /** Name of the program that runs, e.g. `bash`, `busybox`, `node`. */
  readonly program: string;
}

const shells = new Set([
  'sh',
  'ash',
  'bash',
  'dash',
  'busybox',
  'ksh',
  'mksh',
  'zsh',
  'yash',
  'fish',
]);

/** They start the command, wait for it and end with it: that they are gone says nothing of the run. */
const wrappers = new Set([
  'timeout',
  'time',
  'sudo',
  'doas',
  'su',
  'runuser',
  'setpriv',
  'nice',
  'ionice',
  'stdbuf',
  'env',
  'strace',
  'xargs',
  'catchsegv',
  'unbuffer',
]);

/** npm and npx run a bin by `sh -c`, itself a child of theirs that is no shell of the hook's. */
const packageRunners = /(?:^|\/)(?:npx|npm|pnpm|yarn|corepack)(?:-cli)?(?:\.[cm]?js)?$/;

function readAncestor(pid: number): (Ancestor & { readonly parentPid: number }) | undefined {
  const stat = readProcess(pid);
  if (stat === undefined) return undefined;
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    return {
      pid,
      startTicks: stat.startTicks,
      parentPid: stat.parentPid,
      argv,
      program: programOf(pid, argv),
    };
  } catch {
    return undefined;
  }
}

/** Another user's /proc/PID/exe cannot be read (sudo); its first word says as much. */
function programOf(pid: number, argv: readonly string[]): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ''));
  } catch {
    return basename(argv[0] ?? '');
  }
}

/** The processes from `pid` up, nearest first. */
export function ancestorsOf(pid: number): Ancestor[] {
  const found: Ancestor[] = [];
  for (
    let at = readAncestor(pid);
    at !== undefined && at.pid > 0;
    at = readAncestor(at.parentPid)
  ) {
    found.push(at);
    // Pid 0 is the kernel, or a process outside our namespace.
    if (at.parentPid === 0) break;
  }
  return found;
}

function isShell({ program, argv }: Ancestor): boolean {
  // BusyBox is one program: only its shells count.
  if (program.startsWith('busybox'))
    return shells.has(basename(argv[0] ?? '').replace(/^-/, '')) && !wrapperName(argv);
  return shells.has(program);
}

function wrapperName(argv: readonly string[]): boolean {
  const first = basename(argv[0] ?? '');
  return wrappers.has(first) || (first === 'busybox' && wrappers.has(argv[1] ?? ''));
}

function isPackageRunner({ program, argv }: Ancestor): boolean {
  // npm renames itself to e.g. `npm exec spacetail up`.
  if (/^(?:npm|npx|pnpm|yarn)\b/.test(argv[0] ?? '')) return true;
  return program === 'node' && argv.slice(1, 3).some((word) => packageRunners.test(word));
}

/** `sh -c …`, as a worker starts a phase; options before or joined with `c` count (`bash -ec`). */
function runsCommandString({ argv }: Ancestor): boolean {
  return argv.slice(1).some((word, index) => /^-[a-zA-Z]*c[a-zA-Z]*$/.test(word) && index < 4);
}

/** A subshell `( … )` or `$( … )` is a copy of its shell under the same arguments, and ends before it. */
function isSubshellOf(child: Ancestor, parent: Ancestor | undefined): boolean {
  return (
    parent !== undefined &&
    isShell(child) &&
    child.program === parent.program &&
    child.argv.join('\0') === parent.argv.join('\0')
  );
}

/**
 * The process whose end is the end of the run: the shell of the phase's hook. Wrappers that end with `up`
 * itself are passed over: npx and npm with the `sh -c` they put in between, `timeout`, subshells. From a
 * script the way leads up to the `sh -c` that runs the phase, since the script ends before the phase does.
 *
 * @param ancestors of `up`, nearest first
 */
export function ownerAmong(ancestors: readonly Ancestor[]): Ancestor | undefined {
  const [nearest] = ancestors;
  if (nearest === undefined) return undefined;
  const next = ancestors[1];
  if (isPackageRunner(nearest) || wrapperName(nearest.argv) || isSubshellOf(nearest, next))
    return ownerAmong(ancestors.slice(1));
  if (!isShell(nearest)) return nearest;
  if (runsCommandString(nearest)) {
    // npm's own `sh -c`; the owner is whoever called npm.
    return next !== undefined && isPackageRunner(next) ? ownerAmong(ancestors.slice(1)) : nearest;
  }
  const end = ancestors.findIndex((one) => !isShell(one) && !wrapperName(one.argv));
  const chain = ancestors.slice(0, end === -1 ? undefined : end);
  return chain.find((one) => isShell(one) && runsCommandString(one)) ?? nearest;
}

/** SPACETAIL_OWNER_PID as configured. */
export type OwnerSetting =
  | { readonly kind: 'auto' | 'none' }
  | { readonly kind: 'pid'; readonly pid: number };

/**
 * The owner of a run as configured: found, given, or none. A given one that is gone already counts as gone,
 * not as none.
 *
 * @param parentPid of the `up` process
 */
export function findOwner(owner: OwnerSetting, parentPid = process.ppid): ProcessId | undefined {
  if (owner.kind === 'none') return undefined;
  if (owner.kind === 'pid') return identify(owner.pid) ?? { pid: owner.pid, startTicks: -1 };
  const found = ownerAmong(ancestorsOf(parentPid));
  return found && { pid: found.pid, startTicks: found.startTicks };
}
