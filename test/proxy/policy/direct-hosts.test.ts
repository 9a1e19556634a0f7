import t from 'tap';
import { splitRules } from '../../../src/config/rule-text.ts';
import { matchesDirect } from '../../../src/proxy/policy/direct-hosts.ts';
import { parseRules } from '../../../src/proxy/policy/rules.ts';

const direct = (value: string) => matchesDirect(parseRules(splitRules(value, 'SPACETAIL_DIRECT')));

void t.test('names, suffixes, addresses and CIDRs are matched', async (t) => {
  const isDirect = direct('state.example.com *.spacelift.io 203.0.113.7 10.0.0.0/8 fd00::/8');
  for (const host of [
    'state.example.com',
    'STATE.example.com.',
    'a.b.spacelift.io',
    '203.0.113.7',
    '0x0a.1',
    '[fd00::1]',
  ]) {
    t.ok(isDirect(host), host);
  }
  for (const host of ['example.com', 'spacelift.io', '203.0.113.8', '11.0.0.1', 'fe00::1', '']) {
    t.notOk(isDirect(host), host);
  }
});

void t.test('nothing is direct without rules', async (t) => {
  t.notOk(direct('')('example.com'));
});

void t.test('a rule that says more than a host is refused with its place', async (t) => {
  for (const text of ['example.com:443', 'tag:x', 'peer:db', 'direct:example.com', 'tailnet:**']) {
    t.throws(() => direct(`a ${text}`), {
      code: 'config_invalid',
      message: /^SPACETAIL_DIRECT\[1\]: .* says more than a host/,
    });
  }
});
