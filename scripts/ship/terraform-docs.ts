/** Writes the table of the Terraform module's inputs into its README; `--check` fails where it is stale. */
import { readFile, writeFile } from 'node:fs/promises';
import { root } from '../repository.ts';

interface Input {
  readonly name: string;
  readonly description: string;
  readonly type: string;
  /** As written; undefined where the input is required. */
  readonly defaultValue: string | undefined;
  readonly secret: boolean;
}

/** The variables of a file in the form that `tofu fmt` leaves: a block a variable, an attribute a line. */
export function readInputs(source: string): Input[] {
  return [...source.matchAll(/^variable "(\w+)" \{\n([\s\S]*?)^\}/gm)].map(
    ([, name = '', body = '']) => {
      const attribute = (key: string): string | undefined =>
        new RegExp(`^  ${key}\\s+= (.*)$`, 'm').exec(body)?.[1];
      return {
        name,
        description: JSON.parse(attribute('description') ?? '""') as string,
        type: attribute('type') ?? 'any',
        defaultValue: attribute('default'),
        secret: attribute('ephemeral') === 'true',
      };
    },
  );
}

export function inputTable(inputs: readonly Input[]): string {
  const rows = inputs.map(({ name, description, type, defaultValue, secret }) => {
    const shown = secret
      ? 'secret'
      : defaultValue === undefined
        ? 'required'
        : `\`${defaultValue}\``;
    return `| \`${name}\` | \`${type}\` | ${shown} | ${description.replaceAll('|', '\\|')} |`;
  });
  return ['| name | type | default | |', '|---|---|---|---|', ...rows].join('\n');
}

const begin = '<!-- inputs: made by scripts/ship/terraform-docs.ts -->';
const end = '<!-- /inputs -->';

export function withTable(readme: string, table: string): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from)
    throw new Error(`terraform/README.md has no place for the inputs (${begin})`);
  return `${readme.slice(0, from + begin.length)}\n\n${table}\n\n${readme.slice(to)}`;
}

if (process.argv[1] === import.meta.filename) {
  const path = `${root}/terraform/README.md`;
  const readme = await readFile(path, 'utf8');
  const fresh = withTable(
    readme,
    inputTable(readInputs(await readFile(`${root}/terraform/variables.tf`, 'utf8'))),
  );
  if (!process.argv.includes('--check')) await writeFile(path, fresh);
  else if (fresh !== readme) {
    console.error('terraform/README.md is stale: node scripts/ship/terraform-docs.ts');
    process.exitCode = 1;
  }
}
