/** Assignments of variables in the languages that read them. */
import { randomBytes } from 'node:crypto';
import { SpacetailError } from '../errors.ts';
import type { Assignments } from '../lifecycle/run/proxy-variables.ts';

export const formats = ['sh', 'github', 'dotenv', 'json'] as const;
export type Format = (typeof formats)[number];

/** @throws {SpacetailError} `config_invalid` */
export function asFormat(given: string | undefined): Format {
  const format = formats.find((known) => known === (given ?? 'sh'));
  if (format !== undefined) return format;
  throw new SpacetailError(
    'config_invalid',
    `--format: ${JSON.stringify(given)} is not accepted; accepted: ${formats.join(', ')}`,
  );
}

/** `undefined` takes a variable away; where a language cannot, it becomes empty, which counts as unset. */
export function renderVariables(assignments: Assignments, format: Format): string {
  const entries = Object.entries(assignments);
  switch (format) {
    case 'sh':
      return asShell(entries);
    case 'github':
      return entries.map(([name, value]) => asGithub(name, value ?? '')).join('');
    case 'dotenv':
      return entries.map(([name, value]) => `${name}=${quoteDotenv(value ?? '')}\n`).join('');
    case 'json':
      return `${JSON.stringify(Object.fromEntries(entries.map(([name, value]) => [name, value ?? null])), null, 2)}\n`;
    default:
      return format satisfies never;
  }
}

/** For `eval` in any POSIX shell: one `unset`, then the exports. */
function asShell(entries: readonly (readonly [string, string | undefined])[]): string {
  const gone = entries.filter(([, value]) => value === undefined).map(([name]) => name);
  const exports = entries.flatMap(([name, value]) =>
    value === undefined ? [] : [`export ${name}='${value.replaceAll("'", String.raw`'\''`)}'\n`],
  );
  return (gone.length === 0 ? '' : `unset ${gone.join(' ')}\n`) + exports.join('');
}

/** A line of the file that GITHUB_ENV names; several lines go between delimiters that nobody can guess. */
function asGithub(name: string, value: string): string {
  if (!/[\r\n]/.test(value)) return `${name}=${value}\n`;
  const delimiter = `spacetail_${randomBytes(12).toString('hex')}`;
  return `${name}<<${delimiter}\n${value}\n${delimiter}\n`;
}

/** Unquoted where it can be: `docker --env-file` takes quotes as part of the value. */
function quoteDotenv(value: string): string {
  if (/^[^\s"'`$\\#]*$/.test(value)) return value;
  return `"${value.replaceAll(/[\\"$`]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}"`;
}
