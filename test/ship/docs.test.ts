import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';
import { splitRules } from '../../src/config/rule-text.ts';
import { catalogue } from '../../src/errors.ts';
import { errorTypeOf, failure, failureKinds, statusOf } from '../../src/proxy/core/failure.ts';
import { parsePolicyFile } from '../../src/proxy/policy/policy-file.ts';
import { parseRules } from '../../src/proxy/policy/rules.ts';
import { readCommands } from '../../scripts/ship/commands.ts';
import { inputTable, readInputs, withTable } from '../../scripts/ship/terraform-docs.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'terraform/README.md',
  ...['docs', 'docs/decisions'].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `${folder}/${name}`),
  ),
];

/** GitHub's anchor of a heading: lower case, punctuation gone, spaces to hyphens. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}

function anchorsOf(path: string): Set<string> {
  const withoutCode = read(path).replaceAll(/^\s*```[\s\S]*?^\s*```/gm, '');
  return new Set([...withoutCode.matchAll(/^#+ (.*)$/gm)].map((match) => anchor(match[1] ?? '')));
}

/** Code blocks of the given languages, and code in running text. */
function codeOf(path: string): string[] {
  const text = read(path);
  const blocks = [...text.matchAll(/^\s*```(?:sh|yaml|hcl)\n([\s\S]*?)^\s*```/gm)].map(
    (match) => match[1] ?? '',
  );
  const inline = [...text.replaceAll(/^\s*```[\s\S]*?^\s*```/gm, '').matchAll(/`([^`\n]+)`/g)].map(
    (match) => match[1] ?? '',
  );
  return [...blocks, ...inline];
}

void t.test('every link in the docs leads to a file and a heading that exist', async (t) => {
  let links = 0;
  for (const page of pages) {
    const text = read(page).replaceAll(/^\s*```[\s\S]*?^\s*```/gm, '');
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map(
      (match) => match[1] ?? match[2] ?? '',
    );
    for (const target of targets.filter((each) => !/^[a-z]+:/.test(each))) {
      links += 1;
      const [file = '', heading] = target.split('#');
      const path = file === '' ? page : normalize(join(dirname(page), file));
      // Written by `make lint` out of src/errors.ts; the page itself is checked there.
      if (path === 'docs/errors.md') continue;
      if (!existsSync(join(root, path))) t.fail(`${page}: ${target} does not exist`);
      else if (heading !== undefined && !anchorsOf(path).has(heading))
        t.fail(`${page}: no heading ${target}`);
    }
  }
  t.ok(links > 50, `${links} links were looked at`);
});

void t.test(
  'every spacetail command in the docs exists, with the flags it is shown with',
  async (t) => {
    const commands = new Map(readCommands().map((command) => [command.name, command]));
    let seen = 0;
    for (const page of pages) {
      for (const code of codeOf(page)) {
        for (const [, name = '', rest = ''] of code.matchAll(
          /(?<![\w/.@-])spacetail ([a-z][a-z-]*)([^\n|;&)"'`]*)/g,
        )) {
          const command = commands.get(name);
          if (command === undefined) {
            t.fail(`${page}: spacetail ${name} is no command`);
            continue;
          }
          seen += 1;
          if (['exec', 'tailscale'].includes(name)) continue;
          const known = new Set(command.flags.flatMap((flag) => [flag.short, flag.long]));
          for (const [flag] of rest.matchAll(/(?<=\s)--?[a-z][a-z0-9-]*/g)) {
            if (!known.has(flag)) t.fail(`${page}: spacetail ${name} has no ${flag}`);
          }
        }
      }
    }
    t.ok(seen > 60, `${seen} commands were looked at`);
  },
);

void t.test('every variable in the docs is one that the configuration reads', async (t) => {
  const sources = ['src/config/variables.ts', 'src/config/credentials.ts'].map(read).join('\n');
  const known = new Set(sources.match(/\b(?:SPACETAIL|TS)_[A-Z0-9_]+/g));
  const unknown: string[] = [];
  let seen = 0;
  for (const page of pages) {
    // TS_AUDIENCE and TS_CLIENT_ID are also names that the GitHub and GitLab pages give to variables of theirs.
    for (const name of new Set(read(page).match(/\b(?:SPACETAIL_|TS_)[A-Z0-9_]*[A-Z0-9]\b/g))) {
      seen += 1;
      // A variable of a tailnet's own has the tailnet's name at its end.
      const bare = name.replace(/^(TS_\w+)_(?:PROD|PARTNER)$/, '$1');
      if (!known.has(bare)) unknown.push(`${page}: ${name}`);
    }
  }
  t.same(unknown, []);
  t.ok(seen > 40, `${seen} variables were looked at`);
});

void t.test(
  'troubleshooting has a section for each error of a command, and for no other',
  async (t) => {
    const sections = [...read('docs/troubleshooting.md').matchAll(/^### (.*)$/gm)].map(
      (match) => match[1] ?? '',
    );
    t.same(sections, Object.keys(catalogue));
  },
);

void t.test(
  'troubleshooting has each status and error type of the table of failures, and no other',
  async (t) => {
    const section = /^## Answers of the proxy$([^]*?)^## /m.exec(read('docs/troubleshooting.md'));
    const answers = [...(section?.[1] ?? '').matchAll(/(\d{3}(?:, \d{3})*) `(\w+)`/g)];
    const documented = answers.flatMap(([, statuses = '', type]) =>
      statuses.split(', ').map((status) => `${status} ${type}`),
    );
    const table = failureKinds.map((kind) => {
      const failed = failure(kind, '', '');
      return `${statusOf(failed)} ${errorTypeOf(failed)}`;
    });
    t.strictSame([...new Set(documented)].toSorted(), [...new Set(table)].toSorted());
  },
);

void t.test('the inputs of the Terraform module are listed as they are', async (t) => {
  const readme = read('terraform/README.md');
  const inputs = readInputs(read('terraform/variables.tf'));
  t.ok(inputs.length > 20);
  t.equal(
    withTable(readme, inputTable(inputs)),
    readme,
    'else: node scripts/ship/terraform-docs.ts',
  );
});

void t.test('the module calls in the docs and examples use inputs that exist', async (t) => {
  const inputs = new Set(readInputs(read('terraform/variables.tf')).map((input) => input.name));
  const meta = new Set(['source', 'version', 'for_each', 'count', 'providers', 'depends_on']);
  const examples = readdirSync(join(root, 'examples/terraform')).map(
    (name) => `examples/terraform/${name}/main.tf`,
  );
  const unknown: string[] = [];
  let calls = 0;
  for (const page of [...pages, ...examples]) {
    for (const [, body = ''] of read(page).matchAll(/^module "[\w-]+" \{\n([\s\S]*?)^\}/gm)) {
      calls += 1;
      for (const [, name = ''] of body.matchAll(/^ {2}(\w+)\s+=/gm)) {
        if (!inputs.has(name) && !meta.has(name)) unknown.push(`${page}: ${name}`);
      }
    }
  }
  t.same(unknown, []);
  t.ok(calls >= 8, `${calls} calls were looked at`);
});

void t.test('every rule and policy file in the docs is one that the parser takes', async (t) => {
  let rules = 0;
  let files = 0;
  for (const page of pages) {
    const text = read(page);
    for (const [, value] of text.matchAll(/SPACETAIL_(?:ALLOW|DENY|ALLOW_LOCAL)='([^']+)'/g)) {
      const parsed = parseRules(splitRules(value, 'SPACETAIL_ALLOW'));
      rules += parsed.length;
    }
    for (const [, value = ''] of text.matchAll(
      /^```yaml\n(# yaml-language-server[\s\S]*?)^```/gm,
    )) {
      files += 1;
      const { allow, deny, roles } = parsePolicyFile(value, 'policy.yaml');
      t.ok(allow.length > 0 && deny.length > 0 && roles.length > 0, page);
    }
  }
  const table =
    /^\| rule \| matches \|\n\|.*\n((?:\|.*\n)+)/m.exec(read('docs/policy.md'))?.[1] ?? '';
  for (const [, rule] of table.matchAll(/^\| `([^`]+)`/gm)) {
    rules += parseRules(splitRules(rule, 'SPACETAIL_ALLOW')).length;
  }
  t.ok(rules >= 20, `${rules} rules were parsed`);
  t.equal(files, 1);
});
