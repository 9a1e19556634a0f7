import type { RuleText } from '../../src/proxy/policy/rules.ts';

const forms = [
  (n: number) => `h${n}.example.com:443`,
  (n: number) => `*.s${n}.example.org`,
  (n: number) => `10.${n >> 8}.${n & 255}.0/24`,
  (n: number) => `tag:t${n}`,
  (n: number) => `[fd00:${n.toString(16)}::1]:80`,
  (n: number) => `fd00:${n.toString(16)}::/${32 + (n % 90)}`,
  (n: number) => `**:${n + 1}`,
];

/** So many rules of every form, 1,000 by default; none of them but `**:N` matches a public host. */
export function manyRules(prefix: string, length = 1000): RuleText[] {
  return Array.from({ length }, (_, n) => ({
    text: prefix + (forms[n % forms.length]?.(n) ?? ''),
    place: `rules[${n}]`,
  }));
}
