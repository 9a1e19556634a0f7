import t from 'tap';
import { formatFigure, quantile, ratiosOf, spreadOf } from './figures.ts';

void t.test('the spread of a series, whatever its order and length', (t) => {
  t.same(spreadOf([3, 1, 2]), { min: 1, median: 2, max: 3 });
  t.same(spreadOf([10, 2, 9, 100]), { min: 2, median: 9.5, max: 100 });
  t.same(spreadOf([7]), { min: 7, median: 7, max: 7 });
  t.end();
});

void t.test('a round that was not measured counts for nothing', (t) => {
  t.same(spreadOf([Number.NaN, 4, 2]), { min: 2, median: 3, max: 4 });
  t.same(spreadOf([]), { min: Number.NaN, median: Number.NaN, max: Number.NaN });
  t.same(spreadOf([Number.NaN]), spreadOf([]));
  t.end();
});

void t.test('ratios are of the same round', (t) => {
  t.same(ratiosOf([2, 9], [1, 3]), [2, 3]);
  t.same(ratiosOf([2, 9], [1]), [2, Number.NaN]);
  t.end();
});

void t.test('a quantile is one of the values', (t) => {
  const values = Array.from({ length: 100 }, (_, at) => 100 - at);
  t.equal(quantile(values, 0.5), 50);
  t.equal(quantile(values, 0.99), 99);
  t.ok(Number.isNaN(quantile([], 0.5)));
  t.end();
});

void t.test('figures keep three digits that count', (t) => {
  const shown = [0, 0.123, 9.876, 12.34, 123.4, 98_765, -3.5, Number.NaN].map(formatFigure);
  t.same(shown, ['0', '0.12', '9.88', '12.3', '123', '98765', '-3.50', '–']);
  t.end();
});
