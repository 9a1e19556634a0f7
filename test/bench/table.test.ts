import t from 'tap';
import { documentOf } from './document.ts';
import { spreadOf } from './figures.ts';
import {
  type Row,
  type Section,
  sectionMarkdown,
  sectionText,
  summaryLines,
  verdictOf,
} from './table.ts';

const row = (what: string, values: number[], bar?: Row['bar']): Row => ({
  what,
  spread: spreadOf(values),
  unit: '×',
  bar,
});

void t.test('the median is held against the bar, at the limit still within it', (t) => {
  const most = { is: 'most', must: 1.5, goal: 1 } as const;
  t.equal(verdictOf(row('a', [0.1, 1, 9], most)), 'goal');
  t.equal(verdictOf(row('a', [1.5], most)), 'must');
  t.equal(verdictOf(row('a', [1.51], most)), 'falls short');
  const least = { is: 'least', must: 0.92, goal: 1 } as const;
  t.equal(verdictOf(row('a', [1], least)), 'goal');
  t.equal(verdictOf(row('a', [0.92], least)), 'must');
  t.equal(verdictOf(row('a', [0.919], least)), 'falls short');
  t.end();
});

void t.test('what was not measured is no success', (t) => {
  t.equal(verdictOf(row('a', [], { is: 'most', must: 1 })), 'not measured');
  t.equal(verdictOf(row('a', [])), '', 'without a bar nothing is asked of it');
  t.equal(verdictOf(row('a', [5], { is: 'most', goal: 1 })), '', 'a goal alone is no duty');
  t.end();
});

const some: Section = {
  title: 'Some',
  about: 'As it was done.',
  rows: [
    row('good', [1], { is: 'most', must: 2, goal: 1 }),
    row('fair', [2], { is: 'most', must: 2, goal: 1 }),
    row('bad | worse', [3, 4, 5], { is: 'most', must: 2, goal: 1 }),
    { ...row('gone', [], { is: 'least', must: 1 }), note: 'squid is not here' },
    row('plain', [123]),
  ],
};
const sections = [some];

void t.test('the summary counts the bars and names what falls short', (t) => {
  t.same(summaryLines(sections), [
    '4 bars: 1 at the goal, 1 at the must, 1 fall short, 1 not measured',
    'falls short: bad | worse: 4.00 ×, must be ≤ 2',
    'not measured: gone (squid is not here)',
  ]);
  t.end();
});

void t.test('a terminal gets columns that stand under each other', (t) => {
  const lines = sectionText(some).split('\n');
  const columns = lines.slice(3).map((line) => line.indexOf('×'));
  t.equal(new Set(columns.slice(1)).size, 1);
  t.match(lines.join('\n'), /bad \| worse +3\.00 +4\.00 +5\.00 +× +≤ 2 +≤ 1 +FALLS SHORT/);
  t.match(lines.join('\n'), /gone +– +– +– .*not measured {2}\(squid is not here\)/);
  t.end();
});

void t.test('Markdown has as many cells in each line, whatever the names hold', (t) => {
  const markdown = sectionMarkdown(some);
  const cells = markdown
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.replaceAll(String.raw`\|`, '').split('|').length);
  t.equal(cells.length, 7);
  t.same(new Set(cells), new Set([10]));
  t.match(markdown, '**falls short**');
  t.end();
});

void t.test('the document tells the machine, the bars and every section', (t) => {
  const text = documentOf([['kernel', 'Linux 6']], '5 rounds in turn', sections);
  t.match(text, '| kernel | Linux 6 |');
  t.match(text, '5 rounds in turn');
  t.match(text, '- falls short: bad');
  t.match(text, '## Some');
  t.end();
});
