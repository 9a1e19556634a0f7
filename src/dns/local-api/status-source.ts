/**
 * Where the status document comes from: `tailscale status --json`, the documented interface; tailscaled's
 * LocalAPI gives the same document for a tenth of the time and is taken where that counts, for large
 * tailnets, and where there is no CLI.
 */
import { messageOf, SpacetailError } from '../../errors.ts';
import type { LocalApi } from './local-api.ts';

export interface TailscaleCli {
  /** Path of `tailscale`. */
  readonly path: string;
  /** What the CLI gets to see; without proxy variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type ReadStatus = (signal: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>;

/** From here on the CLI, which decodes and encodes it all, costs more than the look at the status is worth. */
const MAX_CLI_BYTES = 1_000_000;
const MAX_BUFFER = 256 << 20;

/** @throws by the function it returns: SpacetailError `local_api_failed`, `status_unreadable`, the signal's reason */
export function createStatusReader(
  api: LocalApi,
  cli: TailscaleCli | undefined,
  onNotice: (sentence: string) => void,
): ReadStatus {
  let byCli = cli !== undefined;
  return async (signal) => {
    if (cli === undefined || !byCli) return api.status(signal);
    const outcome = await runStatus(cli, api.socketPath, signal);
    if (outcome.kind === 'printed') {
      if (outcome.bytes.length > MAX_CLI_BYTES) byCli = false;
      return outcome.bytes;
    }
    if (outcome.kind === 'failed') throw new SpacetailError('local_api_failed', outcome.detail);
    byCli = false;
    onNotice(
      `${cli.path} cannot be started (${outcome.detail}): the status is read from tailscaled directly`,
    );
    return api.status(signal);
  };
}

type Outcome =
  | { readonly kind: 'printed'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'failed'; readonly detail: string }
  | { readonly kind: 'not_started'; readonly detail: string };

async function runStatus(
  cli: TailscaleCli,
  socketPath: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const { execa } = await import('execa');
  const result = await execa(cli.path, [`--socket=${socketPath}`, 'status', '--json'], {
    env: cli.env,
    extendEnv: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    stdin: 'ignore',
    maxBuffer: MAX_BUFFER,
    cancelSignal: signal,
    reject: false,
  });
  signal.throwIfAborted();
  if (!result.failed) return { kind: 'printed', bytes: new Uint8Array(result.stdout) };
  if (result.exitCode === undefined && result.signal === undefined) {
    return { kind: 'not_started', detail: result.code ?? messageOf(result) };
  }
  const said = Buffer.from(result.stderr).toString('utf8').trim().split('\n').at(-1) ?? '';
  return { kind: 'failed', detail: `tailscale status --json failed: ${said.slice(0, 200)}` };
}
