import { cannotStart, exitOf } from '../tailscaled/child-exit.ts';
import { createLineRing } from '../tailscaled/line-ring.ts';

/** How to run the tailscale CLI on our socket. */
export interface TailscaleCli {
  readonly binary: string;
  readonly socket: string;
  /** Complete; nothing of our own environment is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

const keptLines = 12;

export interface Ended {
  readonly exitCode: number | null;
  readonly lines: readonly string[];
}

/** Runs the CLI to its end; `onLine` may end it early by returning true. */
export async function runCli(
  cli: TailscaleCli,
  args: readonly string[],
  signal: AbortSignal,
  onLine: (line: string) => boolean,
): Promise<Ended> {
  const { execa } = await import('execa');
  signal.throwIfAborted();
  const child = execa(cli.binary, [`--socket=${cli.socket}`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    all: true,
    env: cli.env,
    extendEnv: false,
    cwd: cli.cwd,
    buffer: false,
    reject: false,
    forceKillAfterDelay: 500,
  });
  const ring = createLineRing(keptLines, (line) => {
    if (onLine(line)) child.kill();
  });
  child.all.on('data', (chunk: Buffer) => ring.push(chunk));
  const abort = (): unknown => child.kill();
  signal.addEventListener('abort', abort, { once: true });
  if (child.pid === undefined) throw cannotStart(cli.binary, (await child).code);
  const { exitCode } = await exitOf(child.nodeChildProcess);
  signal.removeEventListener('abort', abort);
  signal.throwIfAborted();
  return { exitCode, lines: ring.lines().filter((line) => line.trim() !== '') };
}
