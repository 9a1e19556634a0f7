import * as fc from 'fast-check';
import t from 'tap';
import {
  formatAuthority,
  hostForLog,
  parseAbsoluteTarget,
  parseAuthority,
} from '../../../src/proxy/core/authority.ts';

const good: [text: string, host: string, port: number][] = [
  ['db:5432', 'db', 5432],
  ['DB.Tail1.ts.net.:443', 'DB.Tail1.ts.net.', 443],
  ['10.0.0.1:80', '10.0.0.1', 80],
  ['0x7f.1:80', '0x7f.1', 80],
  ['[fd7a:115c:a1e0::7]:8080', 'fd7a:115c:a1e0::7', 8080],
  ['[::ffff:10.0.0.1]:1', '::ffff:10.0.0.1', 1],
  ['with_underscore:65535', 'with_underscore', 65_535],
];

for (const [text, host, port] of good) {
  void t.test(`CONNECT ${text} has host and port`, async (t) => {
    t.match(parseAuthority(text), { kind: 'authority', authority: { host, port } });
  });
}

const bad = [
  '',
  ':',
  ':80',
  'db',
  'db:',
  'db:0',
  'db:65536',
  'db:-1',
  'db:+1',
  'db:8o',
  'db:80:80',
  'db:000080',
  'db: 80',
  'user@db:80',
  'user:pw@db:80',
  'http://db:80',
  'db/x:80',
  'db:80/',
  'd b:80',
  'db\u0000:80',
  'db\t:80',
  'dé:80',
  '[::1:80',
  '::1:80',
  '[::1]80',
  '[::1]',
  '[db]:80',
  '[]:80',
  '[fe80::1%25eth0]:80',
  '[::1]]:80',
  'db%2e:80',
  `${'a'.repeat(256)}:80`,
  'db..:80',
  '.:80',
  '.db:80',
  'a..b:80',
  `${'a'.repeat(64)}.example:80`,
  'db:1e3',
  'db:0x50',
  'db:٨٠',
];

for (const text of bad) {
  void t.test(`CONNECT ${JSON.stringify(text.slice(0, 40))} is refused`, async (t) => {
    t.match(parseAuthority(text), { kind: 'malformed', detail: String });
  });
}

void t.test('an absolute URI gives the next hop its origin-form', async (t) => {
  const cases: [target: string, path: string, port: number][] = [
    ['http://db', '/', 80],
    ['http://db:/', '/', 80],
    ['HTTP://db:8080/a?b=c', '/a?b=c', 8080],
    ['http://db?x', '/?x', 80],
    ['ws://db/socket', '/socket', 80],
    ['http://user:secret@db/x', '/x', 80],
    ['http://[fd00::1]:8/', '/', 8],
    ['http://db//evil.example/', '//evil.example/', 80],
    ['http://db/@other/', '/@other/', 80],
  ];
  for (const [target, path, port] of cases) {
    t.match(
      parseAbsoluteTarget(target, 'GET'),
      { kind: 'target', path, authority: { port } },
      target,
    );
  }
  t.match(parseAbsoluteTarget('http://user:secret@db/x', 'GET'), { authority: { written: 'db' } });
  t.match(parseAbsoluteTarget('http://db', 'OPTIONS'), { path: '' }, 'asks the whole server');
});

void t.test('an absolute URI that could be read in two ways is refused', async (t) => {
  const targets = [
    'ftp://db/',
    'db/',
    '*',
    'http:/db',
    'http:///x',
    'http://',
    'http://db#fragment',
    'http://db/#f',
    String.raw`http://db\@other/`,
    'http://a@b@c/',
    'http://db:99999/',
    'http://db:80:80/',
    'http://@/',
    'http://d%62/',
  ];
  for (const target of targets) {
    t.match(parseAbsoluteTarget(target, 'GET'), { kind: 'malformed' }, target);
  }
});

void t.test(
  'the name of a tailnet before the host is said to have no place in a URL',
  async (t) => {
    for (const target of ['http://partner!web/', 'http://partner!100.64.0.7:80/', 'ws://a!b/'])
      t.match(
        parseAbsoluteTarget(target, 'GET', true),
        { kind: 'malformed', detail: /no place for the name of a tailnet.*CONNECT, SOCKS5/ },
        target,
      );
    t.match(
      parseAbsoluteTarget('http://partner!web/', 'GET'),
      { detail: 'the host has characters that no name or address has' },
      'with one tailnet, as any other malformed host',
    );
  },
);

void t.test('the host of the access log is one line of printable text', async (t) => {
  t.equal(hostForLog('DB.Tail1.ts.net.'), 'db.tail1.ts.net');
  t.equal(hostForLog('a\nb\u0000\u001B[31m'), String.raw`a\u000ab\u0000\u001b[31m`);
});

void t.test(
  'any text is refused or comes back as it was written',
  { timeout: 20_000 },
  async (t) => {
    const alphabet = fc.constantFrom(...Array.from('ab.:[]@/#?%1 \u0000\u00E9-_~'));
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.array(alphabet, { maxLength: 24 }).map((characters) => characters.join('')),
      fc.tuple(fc.ipV6(), fc.nat(70_000)).map(([ip, port]) => `[${ip}]:${port}`),
    );
    fc.assert(
      fc.property(text, (written) => {
        const parsed = parseAuthority(written);
        if (parsed.kind === 'malformed') return parsed.detail !== '';
        const { host, port } = parsed.authority;
        const again = parseAuthority(formatAuthority(host, port));
        return (
          /^[\w.:~-]+$/u.test(host) &&
          port >= 1 &&
          port <= 65_535 &&
          again.kind === 'authority' &&
          again.authority.host === host &&
          again.authority.port === port
        );
      }),
      { seed: 20_261_124, numRuns: 30_000 },
    );
    fc.assert(
      fc.property(text, fc.constantFrom('http://', 'ws://', 'https://', ''), (rest, scheme) => {
        const parsed = parseAbsoluteTarget(scheme + rest, 'GET');
        return (
          parsed.kind === 'malformed' || (parsed.path.startsWith('/') && !parsed.path.includes('#'))
        );
      }),
      { seed: 20_261_124, numRuns: 20_000 },
    );
    t.pass('50,000 texts');
  },
);
