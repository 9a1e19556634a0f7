import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import t from 'tap';
import { SpacetailError } from '../../../src/errors.ts';
import { compilePolicy } from '../../../src/proxy/policy/policy.ts';
import type { PolicyTarget } from '../../../src/proxy/policy/policy.ts';
import { parsePolicyFile } from '../../../src/proxy/policy/policy-file.ts';
import type { PolicyFile } from '../../../src/proxy/policy/policy-file.ts';
import type { VerifiedClaims } from '../../../src/proxy/policy/roles.ts';

const yaml = `# yaml-language-server: $schema=node_modules/spacetail/schema/policy.schema.json
version: 1
mode: report
metadata: deny
allow:
  - state.example.com:443
  - rule: nomad.example.com:4646
    provider: terraform-provider-nomad_*
deny:
  - "*.evil.example"
  - rule: shell.example.com
    exe: bash
allowLocal: [ "127.0.0.1:3000" ]
oidc:
  issuer: https://acme.app.spacelift.io
  audience: acme.app.spacelift.io
roles:
  - name: apply-prod
    match:
      space: prod-*
      runType: [TRACKED, TASK]
      scope: write
    allow:
      - db.example.com:5432
`;

const claims: VerifiedClaims = {
  space: 'prod-eu',
  stack: 'net',
  runType: 'TRACKED',
  scope: 'write',
};

const policyOf = (file: PolicyFile, verified?: VerifiedClaims) =>
  compilePolicy({
    mode: 'enforce',
    allow: [],
    deny: [],
    allowLocal: [],
    metadata: undefined,
    file,
    claims: verified,
  });

const target = (host: string, port: number, changes: Partial<PolicyTarget> = {}): PolicyTarget => ({
  host,
  port,
  ip: '203.0.113.7',
  owner: undefined,
  route: 'direct',
  peer: undefined,
  ...changes,
});

void t.test('rules of a YAML file are read with the line they stand on', async (t) => {
  const file = parsePolicyFile(yaml, '/etc/spacetail/policy.yaml');
  t.match(file, { mode: 'report', metadata: 'deny', oidc: { audience: 'acme.app.spacelift.io' } });
  t.strictSame(file.allow, [
    { text: 'state.example.com:443', place: 'policy.yaml:6' },
    {
      text: 'nomad.example.com:4646',
      place: 'policy.yaml:7',
      client: { provider: 'terraform-provider-nomad_*' },
    },
  ]);
  t.match(file.roles, [{ name: 'apply-prod', allow: [{ place: 'policy.yaml:24' }] }]);
});

void t.test('JSON is read the same way', async (t) => {
  const text = '{\n\t"allow": [\n\t\t"db:5432",\n\t\t"web"\n\t]\n}';
  t.strictSame(parsePolicyFile(text, 'p.json').allow, [
    { text: 'db:5432', place: 'p.json:3' },
    { text: 'web', place: 'p.json:4' },
  ]);
});

void t.test('an empty file is an empty policy', async (t) => {
  t.strictSame(parsePolicyFile('# nothing yet\n', 'p.yaml').allow, []);
});

const defects: [title: string, text: string, message: string][] = [
  ['a malformed rule', 'deny:\n  - db\n  - db:99999\n', 'p.yaml:3: "db:99999" is not a rule: '],
  ['a malformed rule of a role', `${yaml}      - a:b:c\n`, 'p.yaml:25: "a:b:c" is not a rule: '],
  ['an unknown key', 'allow: []\nalow: []\n', 'p.yaml:2: the policy has an unknown key "alow"'],
  [
    'an unknown key of a rule',
    'allow:\n  - rule: db\n    exe: a\n    port: 1\n',
    'p.yaml:4: allow.0 has an unknown key "port"',
  ],
  [
    'a rule for a client without a client',
    'allow:\n  - rule: db\n',
    'p.yaml:2: allow.0 needs "exe" or "provider"',
  ],
  ['an unknown mode', 'mode: off\n', 'p.yaml:1: mode is "off"; accepted: enforce, report, learn'],
  ['another version', 'version: 2\n', 'p.yaml:1: version is 2; accepted: 1'],
  [
    'a rule of a client without its rule',
    'allow:\n  - exe: bash\n',
    'p.yaml:2: allow.0 has no "rule"',
  ],
  ['a rule that is a number', 'allow: [1]\n', 'p.yaml:1: allow.0 must be a text or an object'],
  ['an empty rule', 'allow: [""]\n', 'p.yaml:1: allow.0 must not be empty'],
  ['a list that is none', 'allow: db\n', 'p.yaml:1: allow must be a list'],
  ['roles without an issuer', 'roles: []\n', 'p.yaml:1: the policy has roles and needs oidc'],
  [
    'an issuer without TLS',
    'oidc: { issuer: "http://example.com", audience: x }\n',
    'p.yaml:1: oidc.issuer must be an https URL',
  ],
  [
    'a role that matches everybody',
    'oidc: { issuer: "https://x.y", audience: x }\nroles:\n- name: a\n  match: {}\n',
    'p.yaml:4: roles.0.match must not be empty',
  ],
  ['not YAML', 'allow:\n  - [\n', 'p.yaml:3: '],
  ['a key twice', 'allow: []\nallow: []\n', 'p.yaml:2: Map keys must be unique'],
  ['two documents', 'allow: []\n---\nallow: []\n', 'p.yaml:2: '],
  ['a scalar', 'hello', 'p.yaml:1: the policy must be an object'],
  [
    'a bomb of aliases',
    `a: &a [x]\n${'bcdefgh'
      .split('')
      .map((name, at) => `${name}: &${name} [${Array(10).fill(`*${'abcdefg'[at]}`).join(',')}]`)
      .join('\n')}`,
    'p.yaml: Excessive alias count',
  ],
  ['more than 1 MiB', ' '.repeat(1_048_577), 'p.yaml: larger than 1 MiB'],
];

for (const [title, text, message] of defects) {
  void t.test(`${title} stops with its place`, async (t) => {
    const error = t.throws(() => parsePolicyFile(text, 'p.yaml')) as unknown as SpacetailError;
    t.equal(error.code, 'config_invalid');
    t.ok(error.message.startsWith(message), error.message);
  });
}

void t.test('all defects are told at once', async (t) => {
  t.throws(() => parsePolicyFile('allow: ["a:b:c"]\ndeny: ["x:0"]\n', 'p.yaml'), {
    message: /p\.yaml:1: "a:b:c"[^\n]*\np\.yaml:2: "x:0"/,
  });
});

void t.test('any text is a policy or refused, and never anything else', async (t) => {
  const words = [
    'allow',
    'deny',
    'roles',
    'match',
    ':',
    '-',
    ' ',
    '\n',
    '  ',
    '[',
    ']',
    '{',
    '}',
    '"',
    '&a',
    '*a',
    '!!x',
    '|',
    '?',
  ];
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...words) }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        assert.ok(Array.isArray(parsePolicyFile(text, 'p.yaml').allow));
      } catch (error) {
        assert.ok(
          error instanceof SpacetailError && error.code === 'config_invalid',
          String(error),
        );
      }
    }),
    { seed: 15, numRuns: 500 },
  );
  t.pass('500 runs');
});

void t.test('a verdict names the file and the line', async (t) => {
  const policy = policyOf(parsePolicyFile(yaml, '/etc/policy.yaml'));
  t.match(policy.judge(target('x.evil.example', 443)), {
    decision: 'deny',
    rule: '*.evil.example (policy.yaml:10)',
  });
});

void t.test(
  'a variable wins over the file in mode and metadata, else the file counts',
  async (t) => {
    const file = parsePolicyFile(yaml, 'p.yaml');
    t.equal(policyOf(file).mode, 'enforce');
    const input = { allow: [], deny: [], allowLocal: [], file };
    t.equal(compilePolicy({ ...input, mode: undefined, metadata: undefined }).mode, 'report');
  },
);

void t.test('a role grants when the verified claims match it', async (t) => {
  const file = parsePolicyFile(yaml, 'p.yaml');
  const decide = (verified?: VerifiedClaims) =>
    policyOf(file, verified).judge(target('db.example.com', 5432)).decision;
  t.equal(decide(claims), 'allow');
  t.equal(decide({ ...claims, runType: 'TASK' }), 'allow');
  t.equal(decide({ ...claims, scope: 'read' }), 'deny', 'a plan');
  t.equal(decide({ ...claims, space: 'dev' }), 'deny', 'another space');
  t.equal(decide({ ...claims, runType: undefined }), 'deny', 'a claim that is missing');
  t.equal(decide(undefined), 'deny', 'no verified token');
});

void t.test(
  'a run without the role does not get everything for want of an allow list',
  async (t) => {
    const file = parsePolicyFile(
      'oidc: { issuer: "https://x.y", audience: x }\nroles:\n- name: a\n  match: { scope: write }\n  allow: [db]\n',
      'p.yaml',
    );
    t.equal(policyOf(file).judge(target('other.example', 443)).decision, 'deny');
  },
);

const nomad = {
  pid: 7,
  exe: '/w/.terraform/terraform-provider-nomad_v2.4.0',
  provider: 'terraform-provider-nomad_v2.4.0',
};
const bash = { pid: 8, exe: '/usr/bin/bash', provider: null };

void t.test('a rule for a provider allows that provider only', async (t) => {
  const policy = policyOf(parsePolicyFile(yaml, 'p.yaml'));
  t.ok(policy.needsClient);
  const decide = (client: PolicyTarget['client']) =>
    policy.judge(target('nomad.example.com', 4646, client === undefined ? {} : { client }))
      .decision;
  t.equal(decide(nomad), 'allow');
  t.equal(decide(bash), 'deny');
  t.equal(decide(null), 'deny', 'an unknown program is not allowed');
  t.equal(decide(undefined), 'deny');
});

void t.test('a deny rule for a program also denies one that is unknown', async (t) => {
  const policy = policyOf(
    parsePolicyFile('deny:\n- rule: shell.example.com\n  exe: bash\n', 'p.yaml'),
  );
  const decide = (client: PolicyTarget['client']) =>
    policy.judge(target('shell.example.com', 22, client === undefined ? {} : { client })).decision;
  t.equal(decide(bash), 'deny');
  t.equal(decide(null), 'deny');
  t.equal(decide(nomad), 'allow');
});

void t.test('a policy without rules for programs does not wait for them', async (t) => {
  t.notOk(policyOf(parsePolicyFile('allow: [db]', 'p.yaml')).needsClient);
});

void t.test(
  'regression: a key that is a list is refused without a word of the YAML library on stderr',
  async (t) => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', onWarning);
    t.teardown(() => process.off('warning', onWarning));
    t.throws(() => parsePolicyFile('{ [a, b]: c }', 'p.yaml'), { code: 'config_invalid' });
    await setImmediate();
    t.same(warnings, []);
  },
);
