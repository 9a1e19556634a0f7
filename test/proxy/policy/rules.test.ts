import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import t from 'tap';
import { SpacetailError } from '../../../src/errors.ts';
import { compilePolicy } from '../../../src/proxy/policy/policy.ts';
import { parseRules } from '../../../src/proxy/policy/rules.ts';
import { ruleFor } from '../../../src/proxy/policy/verdict.ts';

const seed = 15;
const parse = (text: string) => parseRules([{ text, place: 'SPACETAIL_ALLOW[2]' }])[0];

const wellFormed: [text: string, expected: object][] = [
  ['db', { scope: 'any', host: { kind: 'name', name: 'db' }, fromPort: 1, toPort: 65_535 }],
  [
    'DB.Example.COM.:443',
    { host: { kind: 'name', name: 'db.example.com' }, fromPort: 443, toPort: 443 },
  ],
  ['bücher.example', { host: { kind: 'name', name: 'xn--bcher-kva.example' } }],
  ['_srv._tcp.example', { host: { kind: 'name', name: '_srv._tcp.example' } }],
  [
    '*.corp.example:1-1024',
    { host: { kind: 'suffix', suffix: 'corp.example' }, fromPort: 1, toPort: 1024 },
  ],
  ['**:*', { host: { kind: 'all' }, fromPort: 1, toPort: 65_535 }],
  ['10.0.0.5:80', { host: { kind: 'address', ip: '10.0.0.5' }, fromPort: 80 }],
  ['[FD00::0:5]:80', { host: { kind: 'address', ip: 'fd00::5' }, fromPort: 80 }],
  ['[::ffff:10.0.0.5]', { host: { kind: 'address', ip: '10.0.0.5' } }],
  ['10.0.0.0/8:80', { host: { kind: 'prefix', prefix: { text: '10.0.0.0/8' } }, fromPort: 80 }],
  ['fd00::/8', { host: { kind: 'prefix', prefix: { text: 'fd00::/8' } } }],
  ['fd00::/8:80', { host: { kind: 'prefix', prefix: { text: 'fd00::/8' } }, fromPort: 80 }],
  ['[fd00::]/8:80', { host: { kind: 'prefix', prefix: { text: 'fd00::/8' } }, fromPort: 80 }],
  ['[fd00::/8]:80', { host: { kind: 'prefix', prefix: { text: 'fd00::/8' } }, fromPort: 80 }],
  ['tag:prod-db', { host: { kind: 'tag', tag: 'tag:prod-db' }, fromPort: 1 }],
  ['tag:x:443', { host: { kind: 'tag', tag: 'tag:x' }, fromPort: 443, toPort: 443 }],
  ['peer:db:22', { host: { kind: 'peer', peer: 'db' }, fromPort: 22 }],
  ['direct:example.com:443', { scope: 'direct', host: { kind: 'name', name: 'example.com' } }],
  ['tailnet:tag:x:443', { scope: 'tailnet', host: { kind: 'tag', tag: 'tag:x' }, fromPort: 443 }],
  ['direct:[2001:db8::1]:443', { scope: 'direct', host: { kind: 'address', ip: '2001:db8::1' } }],
];

for (const [text, expected] of wellFormed) {
  void t.test(`${text} is a rule`, async (t) => {
    t.match(parse(text), expected);
  });
}

const malformed =
  `: :80 * *:80 db: db:0 db:65536 db:80-70 db:80- db:-80 db:http db:80:90 fd00::1 fd00::1:443 [fd00::1 fd00::1]
  [fe80::1%eth0] [10.0.0.1] [db] 10.0.0.0/33 10.0.0/8 fd00::/129 x/8 8080 0x7f.1 127.1 db.1 1.2.3.4.5 tag: tag:443 tag:a.b peer: b..c .b -b
  b- *.*.c *b.c a.*.c direct: tailnet: direct:443 https://db db/path user@db *. ** ***`
    .split(/\s+/)
    .filter((text) => text !== '**');

for (const text of [
  ...malformed,
  '',
  'a b',
  'a\n',
  'a\u0000',
  `${'a'.repeat(64)}.b`,
  `${'a.'.repeat(127)}bc`,
]) {
  void t.test(`${JSON.stringify(text.slice(0, 30))} is refused with its place`, async (t) => {
    const error = t.throws(() => parse(text)) as unknown as SpacetailError;
    t.equal(error.code, 'config_invalid');
    t.equal(error.exitCode, 2);
    t.ok(
      error.message.startsWith(`SPACETAIL_ALLOW[2]: ${JSON.stringify(text)} is not a rule: `),
      error.message,
    );
    t.match(error.message, /A rule is \[direct:\|tailnet:\]HOST/);
  });
}

void t.test('any text is a rule or refused, and never anything else', async (t) => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({
      unit: fc.constantFrom(
        ...'ab01.:*-[]/'.split(''),
        'tag:',
        'peer:',
        'direct:',
        '**',
        '*.',
        '::',
      ),
    }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        const rule = parse(text);
        assert.ok(rule !== undefined && rule.fromPort >= 1 && rule.fromPort <= rule.toPort);
      } catch (error) {
        assert.ok(error instanceof SpacetailError && error.code === 'config_invalid', text);
      }
    }),
    { seed, numRuns: 5000 },
  );
  t.pass('5,000 runs');
});

void t.test('the rule made for a host and port allows that and nothing beside it', async (t) => {
  const host = fc.oneof(
    fc.domain().map((name) => name.toLowerCase()),
    fc.ipV4(),
    fc.ipV6(),
  );
  const port = fc.integer({ min: 1, max: 65_535 });
  fc.assert(
    fc.property(host, port, (text, number) => {
      const target = {
        host: text,
        ip: undefined,
        port: number,
        owner: undefined,
        route: 'direct',
        peer: undefined,
      } as const;
      const ip = /^[\d.]+$|:/.test(text) ? parse(ruleFor(text, number))?.host : undefined;
      const dialled = { ...target, ip: ip?.kind === 'address' ? ip.ip : '203.0.113.9' };
      const policy = compilePolicy({
        mode: 'enforce',
        allow: [{ text: ruleFor(text, number), place: 'learned' }],
        deny: [],
        allowLocal: [],
        metadata: 'deny',
      });
      assert.equal(policy.judge(dialled).decision, 'allow', ruleFor(text, number));
      assert.equal(policy.judge({ ...dialled, port: (number % 65_535) + 1 }).decision, 'deny');
      assert.equal(
        policy.judge({ ...dialled, host: `x${text}.example`, ip: '203.0.113.10' }).decision,
        'deny',
      );
    }),
    { seed, numRuns: 300 },
  );
  t.pass('300 runs');
});
