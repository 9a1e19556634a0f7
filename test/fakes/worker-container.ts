/**
 * A worker's container: a mount and a process namespace of its own in the test's, with a /mnt that is gone with it but
 * for the workspace. Its network is the test's, where the tailnet is.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { PassThrough, type Readable } from 'node:stream';
import { waitFor } from '../support/wait-for.ts';

export interface Container {
  /** Runs a command in it, in a session of its own; both of its outputs are one pipe, as a worker's. */
  start(
    command: readonly [string, ...string[]],
    env: Readonly<Record<string, string>>,
  ): Promise<ContainerProcess>;
  /** Command lines of what runs in it, its first process aside. */
  commandLines(): string[];
  /** Kills its first process, and the kernel all others. */
  remove(): Promise<void>;
}

export interface ContainerProcess {
  readonly output: Readable;
  /** Exit code, or 128 + n. */
  readonly exited: Promise<number>;
  /** To the command and all that it has started in its session's group. */
  signal(name: NodeJS.Signals): void;
}

/** The first process ignores SIGCHLD, so that the kernel reaps what is orphaned in there. */
const firstProcess = `
mount -t tmpfs container /mnt
mkdir /mnt/workspace /mnt/home
mount --bind "$0" /mnt/workspace
echo ready
exec env --ignore-signal=CHLD sleep infinity
`;

export async function startContainer(workspace: string): Promise<Container> {
  const namespaces = ['--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const unshare = spawn('unshare', [...namespaces, 'sh', '-ec', firstProcess, workspace], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(unshare, 'exit');
  await Promise.race([
    once(unshare.stdout, 'data'),
    gone.then(() => {
      throw new Error('the container did not start');
    }),
  ]);
  const first = Number(childrenOf(unshare.pid ?? 0)[0]);
  const namespace = namespaceOf(first) ?? '';
  return {
    async start([file, ...args], env) {
      const enter = ['--target', String(first), '--mount', '--pid', '--wdns=/mnt/workspace'];
      // setsid is not the leader of a group here, so it becomes the command itself.
      const child = spawn(
        'nsenter',
        [...enter, 'setsid', 'sh', '-c', 'exec "$@" 2>&1', 'sh', file, ...args],
        {
          env,
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      return await processOf(child);
    },
    commandLines: () =>
      pidsIn(namespace)
        .filter((pid) => pid !== first)
        .map((pid) => commandLine(pid))
        // One that has just ended, and is still to be reaped, has none.
        .filter((line) => line !== ''),
    async remove() {
      unshare.kill('SIGKILL');
      await gone;
      await waitFor(() => pidsIn(namespace).length === 0, { what: 'the end of a container' });
    },
  };
}

async function processOf(
  child: ChildProcessByStdio<null, Readable, null>,
): Promise<ContainerProcess> {
  // At once: what nobody reads when the process exits, Node throws away.
  const output = child.stdout.pipe(new PassThrough());
  const exited = once(child, 'exit').then(([code, signal]) =>
    signal === null ? Number(code) : 128 + constants.signals[signal as NodeJS.Signals],
  );
  const [pid] = await waitFor(() => {
    const children = childrenOf(child.pid ?? 0);
    return children.length > 0 || child.exitCode !== null ? [children[0]] : undefined;
  });
  return {
    output,
    exited,
    signal: (name) => void (pid !== undefined && process.kill(-pid, name)),
  };
}

function childrenOf(pid: number): number[] {
  const text = unlessGone(() => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')) ?? '';
  return text
    .split(' ')
    .filter((child) => child !== '')
    .map(Number);
}

function pidsIn(namespace: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && namespaceOf(Number(name)) === namespace)
    .map(Number);
}

const namespaceOf = (pid: number): string | undefined =>
  unlessGone(() => readlinkSync(`/proc/${pid}/ns/pid`));

const commandLine = (pid: number): string =>
  (unlessGone(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '')
    .replaceAll('\0', ' ')
    .trim();

/** Processes come and go while we look. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
