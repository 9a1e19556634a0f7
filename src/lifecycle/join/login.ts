import { SpacetailError } from '../../errors.ts';
import { explainLogin } from './login-failure.ts';
import { flagTrouble } from '../tailscaled/go-flags.ts';
import { quoteLines } from '../tailscaled/tailscaled.ts';
import { runCli, type TailscaleCli } from './tailscale-cli.ts';

/**
 * `tailscale up`. It waits for Running, or for ever for a person: the request for one ends it at once.
 *
 * @param args from upArguments(); keys are in files
 * @throws {SpacetailError} `config_invalid` for a flag that it does not take, `login_failed`, `needs_login`, `needs_machine_auth`, `tailnet_locked`, `binary_missing`;
 *   the signal's reason, after the CLI is gone
 */
export async function login(
  cli: TailscaleCli,
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const asks = /To authenticate, visit|To approve your machine, visit/;
  const seen: string[] = [];
  let wrongFlag: string | undefined;
  const ended = await runCli(cli, ['up', ...args], signal, (line) => {
    if (asks.test(line)) seen.push(line);
    wrongFlag ??= flagTrouble(line, 'tailscale');
    return seen.length > 0;
  });
  if (ended.exitCode === 0 && seen.length === 0) return;
  // The rest of what it says is its help.
  if (wrongFlag !== undefined)
    throw new SpacetailError('config_invalid', `TS_EXTRA_ARGS: ${wrongFlag}`, {
      hint: '`spacetail tailscale up --help` lists the flags of the version that is there.',
    });
  const why = explainLogin(seen.length > 0 ? seen : ended.lines);
  throw (
    why ?? new SpacetailError('login_failed', `tailscale up failed; ${quoteLines(ended.lines)}`)
  );
}
