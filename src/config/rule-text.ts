/** A rule as the user wrote it and where it stands, e.g. `SPACETAIL_ALLOW[2]` (counted from 0). */
export interface RuleText {
  readonly text: string;
  readonly place: string;
}

/** Splits a comma or space separated list of rules. */
export function splitRules(value: string | undefined, variable: string): RuleText[] {
  return (value ?? '')
    .split(/[\s,]+/)
    .filter((text) => text !== '')
    .map((text, index) => ({ text, place: `${variable}[${index}]` }));
}
