/** The man page, spacetail(1), made of the program's own declarations: node scripts/ship/man.ts > spacetail.1 */
import { catalogue } from '../../src/errors.ts';
import { readPackage } from '../repository.ts';
import { readCommands, type CommandOf } from './commands.ts';

/** roff's own characters made plain: a backslash, a leading dot or quote, a hyphen that must stay a hyphen. */
export function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1');
}

function command(entry: CommandOf): string {
  const flags = entry.flags.map(
    (flag) => `.RS\n.TP\n.B ${roff(flag.flags)}\n${roff(flag.description)}\n.RE`,
  );
  return [`.TP\n.B ${roff(entry.usage)}`, roff(`${entry.summary}.`), ...flags].join('\n');
}

export function manPage(version: string, commands: readonly CommandOf[]): string {
  const errors = Object.entries(catalogue).map(
    ([code, { exitCode, meaning }]) => `.TP\n.B ${roff(code)}\nExit ${exitCode}. ${roff(meaning)}`,
  );
  return `.TH SPACETAIL 1 "" "spacetail ${version}" "User commands"
.SH NAME
spacetail \\- reach a Tailscale tailnet from an unprivileged CI container
.SH SYNOPSIS
.B spacetail
.I COMMAND
.RI [ FLAG ...]
.SH DESCRIPTION
.B spacetail up
starts tailscaled in userspace mode, joins the tailnet and runs a proxy bridge on 127.0.0.1:8080 (HTTP) and
127.0.0.1:1080 (SOCKS5).
.B spacetail down
leaves the tailnet.
Flags override the environment, the environment overrides defaults.
.SH COMMANDS
${commands.map(command).join('\n')}
.SH EXIT STATUS
.B up
exits 0 when ready, 1 when it failed, 2 on bad configuration, 124 when it timed out.
.B down
exits 0 always; with \\-\\-strict 1 if anything was left.
.B status
exits 0 healthy, 1 degraded, 3 not up.
.SH ERRORS
The code stands in brackets at the end of an error's hint.
${errors.join('\n')}
.SH FILES
.TP
.I /tmp/spacetail\\-UID
The runtime folder: sockets, logs, pidfile. SPACETAIL_RUNTIME_DIR moves it.
`;
}

if (process.argv[1] === import.meta.filename) {
  const { version } = await readPackage();
  process.stdout.write(manPage(version, readCommands()));
}
