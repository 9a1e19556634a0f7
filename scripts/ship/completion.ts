/** Shell completion made of the program's own declarations: node scripts/ship/completion.ts bash|zsh|fish */
import { readCommands, type CommandOf, type FlagOf } from './commands.ts';

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const words = (flag: FlagOf): string[] =>
  [flag.short, flag.long].filter((word) => word !== undefined);

/** Commands whose words belong to another program: after them the shell completes as it would by itself. */
const passesThrough = (command: CommandOf): boolean => ['exec', 'tailscale'].includes(command.name);

/** Values that a flag takes, one case line each; flags of the same name in two commands share their values. */
function valueCases(commands: readonly CommandOf[]): string {
  const seen = new Map<string, Set<string>>();
  for (const { name, flags } of commands) {
    for (const flag of flags.filter((each) => each.choices.length > 0)) {
      for (const word of words(flag)) {
        const key = `${name},${word}`;
        seen.set(key, new Set([...(seen.get(key) ?? []), ...flag.choices]));
      }
    }
  }
  return [...seen]
    .map(([key, choices]) => `    ${key}) words='${[...choices].join(' ')}' ;;`)
    .join('\n');
}

export function bash(commands: readonly CommandOf[]): string {
  const flags = commands.map(
    (command) =>
      `      ${command.name}) words='${command.flags.flatMap(words).concat('--help').join(' ')}' ;;`,
  );
  const taking = new Set(
    commands.flatMap((command) => command.flags.filter((flag) => flag.takesValue).flatMap(words)),
  );
  return `# bash completion of spacetail
_spacetail() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]:-} words=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W '${commands.map((command) => command.name).join(' ')} --help --version' -- "$current")
    return
  fi
  case $command,$previous in
${valueCases(commands)}
  esac
  if [[ -z $words && $current == -* ]]; then
    case $command in
${flags.join('\n')}
    esac
  fi
  if [[ -n $words ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  elif [[ $command == ${commands
    .filter(passesThrough)
    .map((command) => command.name)
    .join(' || $command == ')} ]]; then
    mapfile -t COMPREPLY < <(compgen -c -- "$current")
  else
    case $previous in
      ${[...taking].join(' | ')}) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    esac
  fi
}
complete -o default -F _spacetail spacetail
`;
}

const zshText = (text: string): string => text.replaceAll(/[[\]:\\]/g, String.raw`\$&`);

function zshFlag(flag: FlagOf): string {
  const description = `[${zshText(flag.description)}]`;
  const value = flag.choices.length > 0 ? `:value:(${flag.choices.join(' ')})` : ':value:_files';
  const argument = flag.takesValue ? value : '';
  const named = words(flag);
  if (named.length === 1) return quote(`${named[0]}${description}${argument}`);
  return `'(${named.join(' ')})'{${named.join(',')}}${quote(`${description}${argument}`)}`;
}

export function zsh(commands: readonly CommandOf[]): string {
  const list = commands.map(
    (command) => `    ${quote(`${zshText(command.name)}:${zshText(command.summary)}`)}`,
  );
  const cases = commands.map((command) => {
    const rest = passesThrough(command) ? `'*::command:_normal'` : `'*:argument:_files'`;
    return `    ${command.name}) _arguments -s ${[...command.flags.map(zshFlag), rest].join(' \\\n      ')} ;;`;
  });
  return `#compdef spacetail
_spacetail() {
  local -a commands=(
${list.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe -t commands command commands
    return
  fi
  local command=\${words[2]}
  shift words
  ((CURRENT--))
  case $command in
${cases.join('\n')}
  esac
}
_spacetail "$@"
`;
}

export function fish(commands: readonly CommandOf[]): string {
  const lines = ['# fish completion of spacetail', 'complete -c spacetail -f'];
  const names = commands.map((command) => command.name).join(' ');
  for (const command of commands) {
    lines.push(
      `complete -c spacetail -n 'not __fish_seen_subcommand_from ${names}' -a ${command.name} -d ${quote(command.summary)}`,
    );
    for (const flag of command.flags) {
      const parts = [`complete -c spacetail -n '__fish_seen_subcommand_from ${command.name}'`];
      if (flag.short !== undefined) parts.push(`-s ${flag.short.slice(1)}`);
      if (flag.long !== undefined) parts.push(`-l ${flag.long.slice(2)}`);
      if (flag.choices.length > 0) parts.push(`-x -a '${flag.choices.join(' ')}'`);
      else if (flag.takesValue) parts.push('-r');
      lines.push(`${parts.join(' ')} -d ${quote(flag.description)}`);
    }
    if (passesThrough(command)) {
      lines.push(
        `complete -c spacetail -n '__fish_seen_subcommand_from ${command.name}' -x -a '(__fish_complete_subcommand --fcs-skip=2)'`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

const shells = { bash, zsh, fish };

if (process.argv[1] === import.meta.filename) {
  const shell = process.argv[2] ?? '';
  if (shell in shells) {
    process.stdout.write(shells[shell as keyof typeof shells](readCommands()));
  } else {
    process.stderr.write('usage: node scripts/ship/completion.ts bash|zsh|fish\n');
    process.exitCode = 2;
  }
}
