import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { choicesIn, readCommands } from '../../scripts/ship/commands.ts';
import { bash, fish, zsh } from '../../scripts/ship/completion.ts';
import { manPage, roff } from '../../scripts/ship/man.ts';
import { run } from '../support/run.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

const commands = readCommands();

void t.test('bash completes commands, flags and values', async (t) => {
  const folder = tmpFolder(t);
  writeFileSync(join(folder, 'spacetail.bash'), bash(commands));
  const complete = async (...words: string[]): Promise<string[]> => {
    const script = `source ./spacetail.bash
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_spacetail
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const result = await run('bash', ['--norc', '-euc', script, 'complete', ...words], {
      cwd: folder,
    });
    t.equal(result.stderr, '');
    return result.stdout.split('\n').filter((line) => line !== '');
  };
  t.same(await complete('spacetail', 'cl'), ['clean-env']);
  t.same(await complete('spacetail', '--v'), ['--version']);
  t.same(await complete('spacetail', 'down', '--s'), ['--strict']);
  t.same(await complete('spacetail', 'env', '--format', ''), ['sh', 'github', 'dotenv', 'json']);
  t.same(await complete('spacetail', 'report', '--format', 'm'), ['markdown']);
  t.same(await complete('spacetail', 'up', '--policy-mode', 'l'), ['learn']);
  t.same(await complete('spacetail', 'up', '--policy', 'space'), ['spacetail.bash'], 'a file');
  t.ok((await complete('spacetail', 'exec', 'bas')).includes('bash'), 'a program after exec');
});

void t.test('zsh and fish know every command, and with each its flags', async (t) => {
  const [forZsh, forFish] = [zsh(commands), fish(commands)];
  const missing: string[] = [];
  let flags = 0;
  for (const { name, flags: own } of commands) {
    if (!forZsh.includes(`'${name}:`)) missing.push(`zsh: ${name}`);
    if (!forFish.includes(`-a ${name} -d`)) missing.push(`fish: ${name}`);
    const zshOf = forZsh.split(`\n    ${name}) `)[1]?.split(';;\n')[0] ?? '';
    for (const { long } of own.filter((each) => each.long !== undefined)) {
      flags += 1;
      if (!new RegExp(`${long}[[}]`).test(zshOf)) missing.push(`zsh: ${name} ${long}`);
      const inFish = new RegExp(`_from ${name}' (?:-s \\w )?-l ${long?.slice(2)} `);
      if (!inFish.test(forFish)) missing.push(`fish: ${name} ${long}`);
    }
  }
  t.same(missing, []);
  t.ok(flags > 50, `${flags} flags`);
  t.equal((forZsh.match(/'/g) ?? []).length % 2, 0, 'quotes are paired');
});

void t.test('a real zsh and a real fish load what is theirs', async (t) => {
  const folder = tmpFolder(t);
  writeFileSync(join(folder, '_spacetail'), zsh(commands));
  writeFileSync(join(folder, 'spacetail.fish'), fish(commands));
  const options = { cwd: folder, env: { HOME: folder, XDG_CONFIG_HOME: folder } };
  const script =
    'fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; autoload +X _spacetail; print $_comps[spacetail]';
  const byZsh = await run('zsh', ['-f', '-c', script], options);
  t.match(byZsh, { code: 0, stdout: '_spacetail\n', stderr: '' });
  const complete = async (line: string): Promise<string[]> => {
    const asked = `source spacetail.fish; complete -C '${line}'`;
    const done = await run('fish', ['--no-config', '-c', asked], options);
    t.match(done, { code: 0, stderr: '' });
    return done.stdout
      .split('\n')
      .map((each) => each.replace(/\t.*/, ''))
      .filter((each) => each !== '');
  };
  t.same((await complete('spacetail do')).sort(), ['doctor', 'down']);
  t.same(await complete('spacetail down --s'), ['--strict']);
  t.same(await complete('spacetail env --format '), ['sh', 'github', 'dotenv', 'json'].sort());
});

void t.test('hidden commands and help are not offered', async (t) => {
  const names = commands.map((command) => command.name);
  t.ok(names.length >= 17);
  t.notOk(names.includes('supervise'));
  t.notOk(names.includes('help'));
});

void t.test('values are read from a description that lists them, and from no other', async (t) => {
  t.same(choicesIn('enforce, report or learn (SPACETAIL_POLICY_MODE)'), [
    'enforce',
    'report',
    'learn',
  ]);
  t.same(choicesIn('SOCKS5 listener, or off (SPACETAIL_SOCKS5_LISTEN)'), []);
  t.same(choicesIn('policy file, JSON or YAML (SPACETAIL_POLICY)'), []);
});

void t.test(
  'the man page names every command and error, and groff and mandoc have nothing to say against it',
  async (t) => {
    const page = manPage('1.2.3', commands);
    t.same(
      commands.filter(({ usage }) => !page.includes(`.B ${roff(usage)}`)).map(({ name }) => name),
      [],
    );
    t.match(page, '.B credentials_missing');
    t.match(page, '"spacetail 1.2.3"');
    const macro = /^\.(TH|SH|TP|B|I|RI|RS|RE|BR|PP|nf|fi)\b/;
    t.same(
      page.split('\n').filter((line) => line.startsWith('.') && !macro.test(line)),
      [],
    );
    const checked = await run('groff', ['-man', '-Tutf8', '-ww', '-z'], { input: page });
    t.match(checked, { code: 0, stderr: '' });
    const linted = await run('mandoc', ['-Tlint', '-Wall'], { input: page });
    // What it says of other pages is whether this machine has them.
    const complaints = linted.stdout
      .split('\n')
      .filter((line) => line !== '' && !line.includes('xref'));
    // 2 is a warning, which the words about other pages are; 127 would be no mandoc at all.
    t.ok(linted.code <= 2, `mandoc: ${linted.code} ${linted.stderr}`);
    t.same(complaints, []);
  },
);

void t.test('roff takes no line for a request', async (t) => {
  t.equal(roff('.hidden'), '\\&.hidden');
  t.equal(roff("'quoted'"), "\\&'quoted'");
  t.equal(roff('a-b \\n'), 'a\\-b \\en');
});
