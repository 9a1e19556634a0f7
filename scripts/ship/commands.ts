/** What the man page and the completions need to know of each command, read from the program commander builds. */
import type { Command, Option } from 'commander';
import { buildProgram } from '../../src/commands/program.ts';

export interface FlagOf {
  /** `--json`, or `-f, --follow`. */
  readonly flags: string;
  readonly short: string | undefined;
  readonly long: string | undefined;
  readonly description: string;
  /** It is followed by a value. */
  readonly takesValue: boolean;
  /** Words its description lists (`sh, github, dotenv or json`), where it lists any. */
  readonly choices: readonly string[];
}

export interface CommandOf {
  readonly name: string;
  /** `exec <command...>`, without the program's name. */
  readonly usage: string;
  readonly summary: string;
  readonly flags: readonly FlagOf[];
}

/** `sh, github, dotenv or json` to its words; a description that is not just such a list has none. */
export function choicesIn(description: string): string[] {
  const listed = description.replace(/ \([A-Z0-9_]+\)$/, '');
  if (!/^[a-z0-9-]+(, [a-z0-9-]+)* or [a-z0-9-]+$/.test(listed)) return [];
  return listed.split(/, | or /);
}

function flagOf(option: Option): FlagOf {
  const takesValue = option.required || option.optional;
  return {
    flags: option.flags,
    short: option.short,
    long: option.long,
    description: option.description,
    takesValue,
    choices: takesValue ? choicesIn(option.description) : [],
  };
}

function commandOf(command: Command): CommandOf {
  const words = command.registeredArguments.map((argument) => {
    const name = argument.variadic ? `${argument.name()}...` : argument.name();
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return {
    name: command.name(),
    usage: [command.name(), ...words].join(' '),
    summary: command.description(),
    flags: command.options.map(flagOf),
  };
}

/** Every command that help lists, in its order. */
export function readCommands(): CommandOf[] {
  const silent = { write: () => true };
  const io = { stdout: silent, stderr: silent, env: {} };
  const program = buildProgram(io as never, () => undefined);
  return program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help')
    .map(commandOf);
}
