/** `spacetail tailscale ARG…`: the tailscale command line on the socket of our tailscaled. */
import { runtimePaths } from '../lifecycle/runtime-folder.ts';
import type { CommandIo } from './io.ts';
import { runProgram } from './run-program.ts';
import { withoutSecrets } from './secret-variables.ts';
import { configOf } from './supervisor.ts';

export async function run(
  options: { readonly args: readonly string[] },
  io: CommandIo,
): Promise<number> {
  const config = configOf(io);
  const socket = config.tailnet.socket ?? runtimePaths(config.runtimeDir).tailscaledSocket;
  const args = [`--socket=${socket}`, ...options.args];
  return await runProgram({ command: config.tailscale, args, env: withoutSecrets(io.env) }, io);
}
