import * as fc from 'fast-check';
import t from 'tap';
import { type Edit, editEnvironment } from '../../src/commands/saved-environment.ts';

const ours = 'http://127.0.0.1:8080';

/** Takes out what is ours; `OLD` is given back to HTTPS_PROXY. */
function decide(name: string, value: string): Edit {
  if (!/^https?_proxy$/i.test(name) || value !== ours) return { kind: 'keep' };
  return name === 'HTTPS_PROXY'
    ? { kind: 'replace', value: 'http://old:3128' }
    : { kind: 'remove' };
}

const cases: readonly [title: string, before: string, after: string][] = [
  ['nothing of ours', 'A=1\nB=2\n', 'A=1\nB=2\n'],
  ['a plain line', `A=1\nHTTP_PROXY=${ours}\nB=2\n`, 'A=1\nB=2\n'],
  ['lower case', `http_proxy=${ours}\nB=2\n`, 'B=2\n'],
  ['export', `export HTTP_PROXY=${ours}\nB=2\n`, 'B=2\n'],
  ['export, double quotes', `export HTTP_PROXY="${ours}"\nB=2\n`, 'B=2\n'],
  ['export, single quotes', `export HTTP_PROXY='${ours}'\nB=2\n`, 'B=2\n'],
  ['declare -x', `declare -x HTTP_PROXY="${ours}"\nB=2\n`, 'B=2\n'],
  ['declare -rx and spaces before', `  declare -rx  HTTP_PROXY="${ours}"\nB=2\n`, 'B=2\n'],
  ["bash's $'' quotes", `export HTTP_PROXY=$'${ours}'\n`, ''],
  ['escaped slashes', 'export HTTP_PROXY=http:\\/\\/127.0.0.1:8080\n', ''],
  ['the last line without its end', `A=1\nHTTP_PROXY=${ours}`, 'A=1\n'],
  ['CRLF', `A=1\r\nHTTP_PROXY=${ours}\r\nB=2\r\n`, 'A=1\r\nB=2\r\n'],
  ['CRLF and quotes', `A=1\r\nexport HTTP_PROXY="${ours}"\r\nB=2\r\n`, 'A=1\r\nB=2\r\n'],
  ['spaces at the end', `export HTTP_PROXY='${ours}'  \nB=2\n`, 'B=2\n'],
  [
    "somebody else's value",
    'HTTP_PROXY=http://proxy.corp:3128\n',
    'HTTP_PROXY=http://proxy.corp:3128\n',
  ],
  [
    'a longer name',
    `MY_HTTP_PROXY=${ours}\nHTTP_PROXY_X=${ours}\n`,
    `MY_HTTP_PROXY=${ours}\nHTTP_PROXY_X=${ours}\n`,
  ],
  [
    'a line inside a double-quoted value',
    `A="x\nHTTP_PROXY=${ours}\ny"\n`,
    `A="x\nHTTP_PROXY=${ours}\ny"\n`,
  ],
  [
    'a line inside a single-quoted value',
    `export A='x\nHTTP_PROXY=${ours}\n'\n`,
    `export A='x\nHTTP_PROXY=${ours}\n'\n`,
  ],
  [
    'an escaped quote inside',
    `A="\\"\nHTTP_PROXY=${ours}\n"\nHTTP_PROXY=${ours}\n`,
    `A="\\"\nHTTP_PROXY=${ours}\n"\n`,
  ],
  [
    "the shell's way of a quote in quotes",
    `export A='it'"'"'s\nHTTP_PROXY=${ours}'\nHTTP_PROXY=${ours}\n`,
    `export A='it'"'"'s\nHTTP_PROXY=${ours}'\n`,
  ],
  [
    'an apostrophe in a plain value opens no quote',
    `MSG=it's\nHTTP_PROXY=${ours}\nEND=it's\n`,
    "MSG=it's\nEND=it's\n",
  ],
  ['a quote that is never closed is text', `MSG='tis\nHTTP_PROXY=${ours}\n`, "MSG='tis\n"],
  [
    'a replaced plain value',
    `A=1\nHTTPS_PROXY=${ours}\nB=2\n`,
    'A=1\nHTTPS_PROXY=http://old:3128\nB=2\n',
  ],
  [
    'a replaced value keeps its quotes',
    `export HTTPS_PROXY="${ours}" \nexport HTTPS_PROXY='${ours}'`,
    `export HTTPS_PROXY="http://old:3128" \nexport HTTPS_PROXY='http://old:3128'`,
  ],
  ['a replaced value keeps its CRLF', `HTTPS_PROXY=${ours}\r\n`, 'HTTPS_PROXY=http://old:3128\r\n'],
  [
    'comments, blank lines, junk',
    `# HTTP_PROXY=${ours}\n\n\0\xff=\n`,
    `# HTTP_PROXY=${ours}\n\n\0\xff=\n`,
  ],
  ['an empty file', '', ''],
];

for (const [title, before, after] of cases) {
  void t.test(`a saved environment: ${title}`, async (t) => {
    t.equal(editEnvironment(before, decide), after);
  });
}

void t.test('a value that needs quotes gets them', async (t) => {
  const replace = (value: string) => (): Edit => ({ kind: 'replace', value });
  t.equal(editEnvironment('export A=x\n', replace("a b'c")), "export A='a b'\\''c'\n");
  t.equal(editEnvironment('export A="x"\n', replace('a"$b`\\')), 'export A="a\\"\\$b\\`\\\\"\n');
  t.equal(editEnvironment("export A=$'x'\n", replace('a')), "export A='a'\n");
});

const piece = fc.constantFrom(
  'export ',
  'declare -x ',
  'A=',
  'HTTP_PROXY=',
  ours,
  '"',
  "'",
  "$'",
  '\\',
  '\n',
  '\r\n',
  ' ',
  'x',
  '\xe9',
  '\0',
  '#',
);

void t.test('property: what is kept keeps every byte, whatever the file is', async (t) => {
  const anything = fc.oneof(
    fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(anything, (text) => editEnvironment(text, () => ({ kind: 'keep' })) === text),
    { seed: 14, numRuns: 20_000 },
  );
  t.pass('20,000 files');
});

void t.test(
  'property: with lines of ours put between lines of values, only those go',
  async (t) => {
    const quotedBody = fc.stringMatching(/^[a-z \n=:/.]*$/);
    const line = fc.oneof(
      fc.stringMatching(/^[A-Z]{1,5}=[a-z0-9:/.' ]{0,20}$/).filter((text) => !/='/.test(text)),
      quotedBody.map((body) => `export V='${body}\nHTTP_PROXY=${ours}\n'`),
      quotedBody.map((body) => `declare -x V="${body}\nexport HTTP_PROXY=${ours}\n"`),
    );
    const own = fc.constantFrom(
      `HTTP_PROXY=${ours}`,
      `export http_proxy='${ours}'`,
      `declare -x HTTP_PROXY="${ours}"`,
    );
    const isOwn = new Set<string>();
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            line,
            own.map((text) => (isOwn.add(text), text)),
          ),
        ),
        fc.constantFrom('\n', '\r\n'),
        (lines, end) => {
          const text = lines.map((each) => each + end).join('');
          const expected = lines
            .filter((each) => !isOwn.has(each))
            .map((each) => each + end)
            .join('');
          return editEnvironment(text, decide) === expected;
        },
      ),
      { seed: 14, numRuns: 5000 },
    );
    t.pass('5,000 files');
  },
);
