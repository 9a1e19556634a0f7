import t from 'tap';
import { matchesClient, matchesPattern } from '../../../src/proxy/policy/client-condition.ts';

void t.test('a star stands for any characters', async (t) => {
  const yes = [
    'a a',
    '* a',
    '* ',
    'a* a',
    'a* abc',
    '*c abc',
    'a*c abc',
    'a*c ac',
    'a*b*c a1b2c',
    '*b* abc',
    'a*a aba',
    '** x',
  ];
  for (const pair of yes) {
    const [pattern = '', text = ''] = pair.split(' ');
    t.ok(matchesPattern(pattern, text), pair);
  }
  for (const pair of [
    'a b',
    'a* b',
    '*c ab',
    'a*c ab',
    'a*a a',
    'a*b*c acb',
    'ab*ba aba',
    '? a',
    '. a',
    ' a',
  ]) {
    const [pattern = '', text = ''] = pair.split(' ');
    t.notOk(matchesPattern(pattern, text), pair);
  }
});

void t.test('a pattern with a slash is for the path, one without for the file name', async (t) => {
  const client = { pid: 1, exe: '/usr/bin/tofu', provider: null };
  t.equal(matchesClient({ exe: 'tofu' }, client), 'yes');
  t.equal(matchesClient({ exe: '/usr/bin/*' }, client), 'yes');
  t.equal(matchesClient({ exe: '/bin/*' }, client), 'no');
  t.equal(matchesClient({ exe: 'tofu', provider: '*' }, client), 'no', 'not a provider');
  t.equal(matchesClient({ exe: 'tofu' }, null), 'unknown');
});
