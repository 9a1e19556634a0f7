/** One flag among arguments as Go's flag package reads them: `-name`, `--name`, `=value` or the next word. */
export interface GoFlag {
  readonly name: string;
  /** `undefined` for a switch given without a value. */
  readonly value: string | undefined;
  /** The words it was written in. */
  readonly words: readonly string[];
}

/**
 * Reads flags until the first word that is none, as Go does; what follows is `rest`.
 * @param switches names of flags that take no value from the next word
 */
export function readGoFlags(
  words: readonly string[],
  switches: ReadonlySet<string>,
): { readonly flags: readonly GoFlag[]; readonly rest: readonly string[] } {
  const flags: GoFlag[] = [];
  let index = 0;
  while (index < words.length) {
    const word = words[index] ?? '';
    const match = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(word);
    if (match === null) break;
    const [, name = '', inline] = match;
    const next = words[index + 1];
    const takesNext = inline === undefined && !switches.has(name) && next !== undefined;
    flags.push({
      name,
      value: takesNext ? next : inline,
      words: takesNext ? [word, next] : [word],
    });
    index += takesNext ? 2 : 1;
  }
  return { flags, rest: words.slice(index) };
}

/** A switch's value: `--x` is true, `--x=f` false (strconv.ParseBool). */
export function isOn(flag: GoFlag | undefined): boolean {
  return flag !== undefined && !/^(?:0|f|false)$/i.test(flag.value ?? 'true');
}

/** Flags of `tailscale up` that take no value from the next word. */
export const upSwitches: ReadonlySet<string> = new Set([
  'accept-dns',
  'accept-routes',
  'advertise-connector',
  'advertise-exit-node',
  'exit-node-allow-lan-access',
  'force-reauth',
  'json',
  'qr',
  'report-posture',
  'reset',
  'shields-up',
  'snat-subnet-routes',
  'ssh',
  'stateful-filtering',
]);

/** What a Go program says first of a flag that it does not take, in our words; `undefined` for another line. */
export function flagTrouble(line: string, program: string): string | undefined {
  const unknown = /^flag provided but not defined: -(\S+)/.exec(line)?.[1];
  if (unknown !== undefined) return `${program} does not know --${unknown}`;
  const lacking = /^flag needs an argument: -(\S+)/.exec(line)?.[1];
  if (lacking !== undefined) return `--${lacking} needs a value`;
  const [, invalid, why] =
    /^invalid (?:boolean )?value ".*" for (?:flag )?-(\S+): (.+)$/.exec(line) ?? [];
  return invalid === undefined ? undefined : `the value of --${invalid} is not accepted: ${why}`;
}
