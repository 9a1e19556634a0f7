import type { RuleText } from '../proxy/policy/rules.ts';

export type { RuleText };

/** Splits a comma or space separated list of rules. */
export function splitRules(value: string | undefined, variable: string): RuleText[] {
  return (value ?? '')
    .split(/[\s,]+/)
    .filter((text) => text !== '')
    .map((text, index) => ({ text, place: `${variable}[${index}]` }));
}
