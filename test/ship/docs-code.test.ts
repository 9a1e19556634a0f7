import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { CommanderError } from 'commander';
import t from 'tap';
import { parse } from 'yaml';
import { buildProgram } from '../../src/commands/program.ts';
import { run } from '../support/run.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'terraform/README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** Code blocks of a language, without the indentation of a list they stand in. */
function blocks(path: string, language: string): string[] {
  return [...read(path).matchAll(/^( *)```(\w+)\n([^]*?)^ *```/gm)]
    .filter(([, , word]) => word === language)
    .map(([, indent = '', , body = '']) => body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
}

/** Values of a YAML document under these keys, at any depth; a list counts as its lines. */
function scriptsIn(value: unknown, keys: ReadonlySet<string>): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    if (!keys.has(key)) return scriptsIn(inner, keys);
    return [Array.isArray(inner) ? inner.join('\n') : String(inner)];
  });
}

const keys = new Set(['run', 'script', 'before_script', 'after_script']);
const ofYaml = (text: string): string[] =>
  scriptsIn(parse(text), keys).map((script) => script.replaceAll(/\$\{\{.*?\}\}/g, 'value'));

/** Scripts of the guide, and of the files that it says to copy. */
const scripts = [
  ...pages.flatMap((page) => blocks(page, 'sh').map((script) => ({ page, script }))),
  ...pages.flatMap((page) =>
    blocks(page, 'yaml')
      .flatMap(ofYaml)
      .map((script) => ({ page, script })),
  ),
  ...['examples/gitlab/.gitlab-ci.yml', 'examples/github-actions/plan.yml'].flatMap((page) =>
    ofYaml(read(page)).map((script) => ({ page, script })),
  ),
];

/** A word that is no program of ours: it must be spelt as it is installed. */
const others = ['cosign', 'docker', 'sed', 'tofu', 'npm'];
const folder = tmpFolder(t);
mkdirSync(join(folder, 'bin'));
for (const name of ['spacetail', 'make', 'npx', 'node', ...others]) {
  // A NUL ends each word, a second one each command.
  const says =
    name === 'spacetail' ? '[ "$1" != env ] || echo export HTTP_PROXY=http://127.0.0.1:8080' : '';
  writeFileSync(
    join(folder, 'bin', name),
    `#!/bin/sh\nprintf '%s\\0' ${name} "$@" >> "$CALLS"\nprintf '\\0' >> "$CALLS"\n${says}\n`,
  );
  chmodSync(join(folder, 'bin', name), 0o755);
}

/** Runs a script with programs that write down how they were called. */
async function callsOf(shell: readonly string[], script: string, env = {}): Promise<string[][]> {
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  const [file = '', ...args] = shell;
  const done = await run(file, [...args, '-c', script], {
    cleanEnv: true,
    cwd: folder,
    env: { PATH: join(folder, 'bin'), CALLS: calls, GITHUB_ENV: join(folder, 'github'), ...env },
  });
  if (done.code !== 0 || done.stderr !== '')
    throw new Error(`exit ${done.code}: ${done.stderr}\n${script}`);
  return readFileSync(calls, 'utf8')
    .split('\0\0')
    .filter((call) => call !== '')
    .map((call) => call.split('\0'));
}

/** What the command line itself says against these words; undefined where nothing. */
function refusal(words: readonly string[]): string | undefined {
  const quiet = new Writable({ write: (_chunk, _encoding, done) => done() });
  const program = buildProgram({ stdout: quiet, stderr: quiet, env: {} } as never, () => undefined);
  for (const command of program.commands) command.action(() => undefined).exitOverride();
  try {
    program.parse(words, { from: 'user' });
    return undefined;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return undefined;
    return (error as Error).message;
  }
}

void t.test('the parser refuses what the command line refuses', async (t) => {
  t.match(refusal(['up', '--no-such']), 'unknown option');
  t.match(refusal(['explain']), 'missing required argument');
  t.match(refusal(['down', 'now']), 'too many arguments');
  t.equal(refusal(['exec', '--', 'tofu', 'apply', '-auto-approve']), undefined);
});

void t.test(
  'every script of the guide runs in ash, dash and bash, with commands that exist',
  async (t) => {
    const targets = new Set(
      [...read('Makefile').matchAll(/^([a-z-]+):/gm)].map((match) => match[1]),
    );
    const wrong: string[] = [];
    let seen = 0;
    for (const { page, script } of scripts) {
      for (const shell of [['busybox', 'sh'], ['dash'], ['bash', '--norc']]) {
        const [file = '', ...args] = shell;
        // PATH has our programs alone, so the shell itself is named in full.
        const found = (await run('sh', ['-c', `command -v ${file}`])).stdout.trim();
        for (const [program = '', ...words] of await callsOf([found, ...args], script)) {
          seen += 1;
          const isWrong =
            (program === 'spacetail' && refusal(words) !== undefined) ||
            (program === 'make' && !targets.has(words[0])) ||
            (program === 'node' && !existsSync(join(root, words[0] ?? '')));
          if (isWrong) wrong.push(`${page}: ${program} ${words.join(' ')}`);
        }
      }
    }
    t.same(wrong, []);
    t.ok(scripts.length > 25, `${scripts.length} scripts`);
    t.ok(seen > 150, `${seen} commands`);
  },
);

void t.test('every make target that a page or a workflow names is there', async (t) => {
  const targets = new Set([...read('Makefile').matchAll(/^([a-z-]+):/gm)].map((match) => match[1]));
  const workflows = readdirSync(join(root, '.github/workflows')).map(
    (name) => `.github/workflows/${name}`,
  );
  const unknown: string[] = [];
  let seen = 0;
  for (const page of [...pages, ...workflows]) {
    for (const [, name = ''] of read(page).matchAll(/(?:`|run: |^ {4})make ([a-z-]+)/gm)) {
      seen += 1;
      if (!targets.has(name)) unknown.push(`${page}: make ${name}`);
    }
  }
  t.same(unknown, []);
  t.ok(seen > 12, `${seen} targets`);
});

void t.test('data in the guide is what it says it is', async (t) => {
  const pool = parse(read('examples/kubernetes/worker-pool.yaml')) as {
    kind: string;
    apiVersion: string;
  };
  t.match(pool, { kind: 'WorkerPool', apiVersion: 'workers.spacelift.io/v1beta1' });
  const json = pages.flatMap((page) => blocks(page, 'json'));
  t.ok(json.length > 0);
  for (const text of json) t.doesNotThrow(() => JSON.parse(text) as unknown);
  const languages = new Set(['sh', 'ts', 'yaml', 'json', 'hcl', 'dockerfile', 'rego', 'text']);
  const all = (pattern: RegExp): string[] =>
    pages.flatMap((page) =>
      [...read(page).matchAll(pattern)].map(([, found]) => `${page}: ${found}`),
    );
  const words = all(/^ *```(\w+)$/gm);
  t.same(
    words.filter((each) => !languages.has(each.split(': ')[1] ?? '')),
    [],
    'languages that no test looks at',
  );
  t.ok(words.length > 25, `${words.length} blocks`);
  t.same(all(/\]\((http:[^)]*)\)/g), [], 'links without TLS');
});

void t.test('the page of the action lists the inputs that it has', async (t) => {
  const { inputs } = parse(read('action.yml')) as { inputs: Record<string, unknown> };
  const page = read('docs/github-actions.md');
  const used = [page, read('examples/github-actions/plan.yml')].flatMap((text) =>
    [...text.matchAll(/uses: OWNER\/spacetail@.*\n\s*with:\n((?:\s+[\w-]+:.*\n)+)/g)].flatMap(
      (match) => [...(match[1] ?? '').matchAll(/^\s+([\w-]+):/gm)].map((each) => each[1] ?? ''),
    ),
  );
  t.ok(used.length > 4);
  for (const name of Object.keys(inputs)) t.match(page, `\`${name}\``);
  for (const name of used) t.ok(name in inputs, name);
});
