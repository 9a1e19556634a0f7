import { parse } from 'shell-quote';
import { SpacetailError } from '../../errors.ts';

/** Whole quotes and escapes only; each alternative starts with another character, so it is linear. */
const balanced = /^(?:[^\\'"]|\\[\s\S]|'[^']*'|"(?:\\[\s\S]|[^"\\])*")*$/;

/**
 * shell-quote expands `$NAME` and takes `#` inside a word for a comment. Each becomes a variable
 * whose name holds a NUL, which no environment can contain, and which stands for itself.
 */
const literals: Readonly<Record<string, string>> = { '\0': '$', '\0#': '#' };

function protect(text: string): string {
  return text.replaceAll('$', '${\0}').replaceAll(/(?<=[^\s\\])#/g, '${\0#}');
}

/** Inside single quotes, and after a backslash, the variable was not looked up: give back what it stands for. */
function restore(word: string): string {
  return word.replaceAll('${\0#}', '#').replaceAll('${\0}', '$');
}

/**
 * Splits text into words as a shell's quoting does, without expanding or running anything: `$X`,
 * `*`, `~` and backquotes stay as they are. A newline separates words like a space.
 *
 * @param variable what the text was given by, for the message; the text itself may hold a secret and is not quoted
 * @throws {SpacetailError} `config_invalid` for an unclosed quote, a trailing backslash, a shell operator or a comment
 */
export function splitShellWords(text: string, variable: string): string[] {
  const refuse = (what: string, accepted: string): never => {
    throw new SpacetailError('config_invalid', `${variable}: ${what}`, { hint: accepted });
  };
  const plain = text.replaceAll('\0', '');
  if (!balanced.test(plain)) {
    refuse('a quote is not closed, or it ends in a backslash', 'Close the quote.');
  }
  return parse(protect(plain), literals).map((entry) => {
    if (typeof entry === 'string') return restore(entry);
    if ('pattern' in entry) return restore(entry.pattern);
    if ('comment' in entry)
      return refuse('a comment (#) is not an argument', 'Quote the #, or leave the comment out.');
    return refuse(
      `the shell operator ${entry.op} is not an argument`,
      `Accepted are words as a shell quotes them; no shell runs them. Quote ${entry.op} to pass it on.`,
    );
  });
}
