/** `spacetail exec [--] CMD…`: up, CMD with the proxy variables and without our secrets, down. */
import { constants } from 'node:os';
import { SpacetailError } from '../errors.ts';
import { proxyVariables } from '../lifecycle/run/proxy-variables.ts';
import { bridgeVariables } from './bridge-variables.ts';
import { run as down } from './down.ts';
import type { CommandIo } from './io.ts';
import { runProgram } from './run-program.ts';
import { withoutSecrets } from './secret-variables.ts';
import { askStatus, configOf } from './supervisor.ts';
import { run as up } from './up.ts';

/** @returns CMD's exit code @throws {SpacetailError} what `up` fails with; nothing is left then */
export async function run(
  options: { readonly command: readonly string[] },
  io: CommandIo,
): Promise<number> {
  const [command = '', ...args] =
    options.command[0] === '--' ? options.command.slice(1) : options.command;
  if (command === '')
    throw new SpacetailError('config_invalid', 'exec: the command to run is missing');
  const config = configOf(io);
  // A run that somebody else brought up is theirs to take down.
  const isTheirs = (await askStatus(config, io.signal)) !== undefined;
  const ended = await bringUp(isTheirs ? io : ownedByUs(io));
  if (ended !== undefined) return ended;
  try {
    const { bridge, before } = await bridgeVariables(config, io);
    const env = withoutSecrets({ ...io.env, ...proxyVariables(bridge, before ?? {}, io.env) });
    return endedBySignal(io) ?? (await runProgram({ command, args, env }, io));
  } finally {
    // Whatever ended CMD, the way down must be finished.
    if (!isTheirs) await down({}, { ...io, signal: new AbortController().signal });
  }
}

/** The run ends with us, not with the shell that called us: we may be its last command. */
function ownedByUs(io: CommandIo): CommandIo {
  const owner = io.env['SPACETAIL_OWNER_PID'] || String(process.pid);
  return { ...io, env: { ...io.env, SPACETAIL_OWNER_PID: owner } };
}

async function bringUp(io: CommandIo): Promise<number | undefined> {
  try {
    const code = await up({}, io);
    return code === 0 ? undefined : code;
  } catch (error) {
    const code = endedBySignal(io);
    if (code === undefined) throw error;
    return code;
  }
}

function endedBySignal(io: CommandIo): number | undefined {
  if (!io.signal.aborted) return undefined;
  const name = (io.signal.reason as Error).cause as NodeJS.Signals;
  return 128 + (constants.signals[name] ?? 0);
}
