/** Every parser that reads what others wrote. */
import { systemTargets } from './system-targets.ts';
import type { FuzzTarget } from './target.ts';
import { textTargets } from './text-targets.ts';
import { wireTargets } from './wire-targets.ts';

export const fuzzTargets: readonly FuzzTarget[] = [
  ...wireTargets,
  ...textTargets,
  ...systemTargets,
];
