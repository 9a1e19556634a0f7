/** How the answer to `explain` and `resolve` is printed. */
import { printable } from '../report/format.ts';
import type { Explanation } from '../serve/explain.ts';
import { paint } from './paint.ts';

export function isExplanation(value: unknown): value is Explanation {
  const explanation = value as Partial<Explanation> | null;
  return (
    typeof explanation === 'object' &&
    explanation !== null &&
    typeof explanation.passes === 'boolean' &&
    Array.isArray(explanation.steps) &&
    Array.isArray(explanation.nearest)
  );
}

/** One line a step, e.g. `route    tailnet: 100.64.0.3 is an address of db.tail1.ts.net`. */
export function renderExplanation(explanation: Explanation, colour: boolean): string {
  const { passes, steps, nearest, hint } = explanation;
  const width = Math.max(...steps.map(({ step }) => step.length), 'nearest'.length) + 2;
  const line = (name: string, text: string): string => `${name.padEnd(width)}${printable(text)}`;
  const lines = steps.map(({ step, text }) => line(step, text));
  if (nearest.length > 0) lines.push(line('nearest', nearest.join(', ')));
  const last = lines.pop() ?? '';
  lines.push(nearest.length > 0 ? last : paint(last, passes ? 'green' : 'red', colour));
  if (hint) lines.push(line('hint', hint));
  return `${lines.join('\n')}\n`;
}
