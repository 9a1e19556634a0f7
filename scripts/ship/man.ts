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

/** Lines of at most 78 characters, as roff sources have them; none begins with one of roff's own characters. */
function wrapped(text: string): string {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line === '' || line.length + word.length < 78)
      lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
    else lines.push(word);
  }
  return lines.map(roff).join('\n');
}

/** When the page's own words last changed. */
const date = '2026-11-26';

function command(entry: CommandOf): string {
  const flags = entry.flags.map(
    (flag) => `.RS\n.TP\n.B ${roff(flag.flags)}\n${wrapped(flag.description)}\n.RE`,
  );
  return [`.TP\n.B ${roff(entry.usage)}`, wrapped(`${entry.summary}.`), ...flags].join('\n');
}

export function manPage(version: string, commands: readonly CommandOf[]): string {
  const errors = Object.entries(catalogue).map(
    ([code, { exitCode, meaning }]) =>
      `.TP\n.B ${roff(code)}\n${wrapped(`Exit ${exitCode}. ${meaning}`)}`,
  );
  return `.TH SPACETAIL 1 "${date}" "spacetail ${version}" "User commands"
.SH NAME
spacetail \\- reach a Tailscale tailnet from an unprivileged CI container
.SH SYNOPSIS
.B spacetail
.I COMMAND
.RI [ FLAG ...]
.SH DESCRIPTION
.B spacetail up
starts tailscaled in userspace mode, joins the tailnet and runs a proxy
bridge on 127.0.0.1:8080 (HTTP) and 127.0.0.1:1080 (SOCKS5).
.B spacetail down
leaves the tailnet.
Flags override the environment, the environment overrides defaults.
.SH COMMANDS
${commands.map(command).join('\n')}
.SH EXIT STATUS
.B up
exits 0 when ready, 1 when it failed, 2 on bad configuration, 124 when it
timed out.
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
.SH EXAMPLES
The hooks before a phase of Spacelift:
.PP
.nf
.RS
spacetail up
trap \\(aqspacetail down\\(aq EXIT
eval "$(spacetail env)"
.RE
.fi
.SH SEE ALSO
.BR tailscale (1),
.BR tailscaled (8)
`;
}

if (process.argv[1] === import.meta.filename) {
  const { version } = await readPackage();
  process.stdout.write(manPage(version, readCommands()));
}
