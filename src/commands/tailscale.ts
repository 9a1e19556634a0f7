/** `spacetail tailscale ARG…`: the tailscale command line on the socket of our tailscaled. */
import { memberPaths, runtimePaths } from '../lifecycle/folder/runtime-folder.ts';
import type { CommandIo } from './io.ts';
import { runProgram } from './run-program.ts';
import { withoutSecrets } from './secret-variables.ts';
import { configOf } from './supervisor.ts';

export async function run(
  options: { readonly args: readonly string[] },
  io: CommandIo,
): Promise<number> {
  const config = configOf(io);
  // `spacetail tailscale partner! status`: one of several, the first where none is named.
  const [word = '', ...rest] = options.args;
  const asked = config.tailnets.find(({ name }) => name !== '' && word === `${name}!`);
  const { name, tailnet } = asked ?? config.tailnets[0];
  const folder = memberPaths(runtimePaths(config.runtimeDir), name);
  const socket = tailnet.socket ?? folder.tailscaledSocket;
  const args = [`--socket=${socket}`, ...(asked === undefined ? options.args : rest)];
  return await runProgram({ command: config.tailscale, args, env: withoutSecrets(io.env) }, io);
}
