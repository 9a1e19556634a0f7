import t from 'tap';
import { readOptions } from './options.ts';

void t.test('five rounds, or one when it is to be quick', (t) => {
  t.match(readOptions([]), { rounds: 5, scale: 1, isQuick: false, only: [], write: undefined });
  t.match(readOptions(['--quick']), { rounds: 1, isQuick: true });
  t.match(readOptions(['--quick', '--rounds', '7', '--only', 'up', '--only', 'many']), {
    rounds: 7,
    only: ['up', 'many'],
  });
  t.end();
});

void t.test('a mistake is told before anything is measured', (t) => {
  for (const rounds of ['0', '-1', '1.5', 'some'])
    t.throws(() => readOptions([`--rounds=${rounds}`]), /--rounds takes/);
  t.throws(() => readOptions(['--quik']), /quik/);
  t.end();
});
