import { SpacetailError } from '../../errors.ts';
import { cannotStart, exitOf } from '../tailscaled/child-exit.ts';
import { createLineRing } from '../tailscaled/line-ring.ts';
import { explainLogin } from './login-failure.ts';
import { quoteLines } from '../tailscaled/tailscaled.ts';

/** How to run the tailscale CLI on our socket. */
export interface TailscaleCli {
  readonly binary: string;
  readonly socket: string;
  /** Complete; nothing of our own environment is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

const keptLines = 12;

interface Ended {
  readonly exitCode: number | null;
  readonly lines: readonly string[];
}

/** Runs the CLI to its end; `onLine` may end it early by returning true. */
async function runCli(
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

/**
 * `tailscale up`. It waits for Running, or for ever for a person: the request for one ends it at once.
 *
 * @param args from upArguments(); keys are in files
 * @throws {SpacetailError} `login_failed`, `needs_login`, `needs_machine_auth`, `tailnet_locked`, `binary_missing`;
 *   the signal's reason, after the CLI is gone
 */
export async function login(
  cli: TailscaleCli,
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const asks = /To authenticate, visit|To approve your machine, visit/;
  const seen: string[] = [];
  const ended = await runCli(cli, ['up', ...args], signal, (line) => {
    if (asks.test(line)) seen.push(line);
    return seen.length > 0;
  });
  if (ended.exitCode === 0 && seen.length === 0) return;
  const why = explainLogin(seen.length > 0 ? seen : ended.lines);
  throw (
    why ?? new SpacetailError('login_failed', `tailscale up failed; ${quoteLines(ended.lines)}`)
  );
}
