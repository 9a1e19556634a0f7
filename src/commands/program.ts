/** The command line as commander runs it; completion and the man page are made from it too. */
import { Command, CommanderError, Option } from 'commander';
import { SpacetailError } from '../errors.ts';
import { version } from '../version.ts';
import { configFlags, type Declaration, declarations, runtimeFlag } from './declarations.ts';
import type { CommandIo } from './io.ts';

type Values = Record<string, unknown>;
type Run = (options: Values, io: CommandIo) => Promise<number>;

const attribute = (flags: string): string => new Option(flags).attributeName();

/** Lays flags over the environment; what remains are the command's own options. */
function splitFlags(
  options: Values,
  env: NodeJS.ProcessEnv,
): { own: Values; env: NodeJS.ProcessEnv } {
  const own = { ...options };
  const laid = { ...env };
  for (const [flags, variable] of [runtimeFlag, ...configFlags]) {
    const name = attribute(flags);
    if (typeof own[name] === 'string') laid[variable] = own[name];
    delete own[name];
  }
  return { own, env: laid };
}

function declare(
  program: Command,
  declaration: Declaration,
  io: CommandIo,
  done: (code: number) => void,
): void {
  const command = program.command(declaration.usage, { hidden: declaration.hidden ?? false });
  command.description(declaration.summary).allowExcessArguments(false);
  if (declaration.passThrough === true) command.passThroughOptions(true);
  // `tailscale --help` is for the tailscale command line.
  if (declaration.usage.startsWith('tailscale')) command.allowUnknownOption().helpOption(false);
  for (const [flags, description] of declaration.options ?? []) command.option(flags, description);
  for (const [flags, variable, description] of [
    runtimeFlag,
    ...(declaration.config === true ? configFlags : []),
  ]) {
    command.option(flags, `${description} (${variable})`);
  }
  const names = command.registeredArguments.map((argument) => argument.name());
  command.action(async (...parameters: unknown[]) => {
    const { own, env } = splitFlags(command.opts(), io.env);
    for (const [index, name] of names.entries()) own[name] = parameters[index];
    const { run } = await declaration.load();
    done(await (run as Run)(own, { ...io, env }));
  });
}

export function buildProgram(io: CommandIo, done: (code: number) => void): Command {
  const program = new Command('spacetail')
    .description('Reach a Tailscale tailnet from an unprivileged CI container.')
    .version(version(), '-V, --version')
    .enablePositionalOptions()
    .showHelpAfterError('(spacetail --help lists commands and flags)')
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .exitOverride();
  for (const declaration of declarations) declare(program, declaration, io, done);
  return program;
}

/**
 * @returns the exit code: the command's own, 0 for help and version, 2 for an unknown command or flag
 * @throws SpacetailError from the command
 */
export async function runProgram(argv: readonly string[], io: CommandIo): Promise<number> {
  let code = 0;
  const program = buildProgram(io, (result) => {
    code = result;
  });
  if (argv.length === 0) {
    program.outputHelp({ error: true });
    return 2;
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    if (error.code.startsWith('commander.')) return 2;
    throw new SpacetailError('internal', error.message, { cause: error });
  }
}
