import { type Section, sectionMarkdown, summaryLines } from './table.ts';

/** docs/benchmarks.md. */
export function documentOf(
  facts: readonly (readonly [name: string, value: string])[],
  about: string,
  sections: readonly Section[],
): string {
  const [counted = '', ...short] = summaryLines(sections);
  return `# Benchmarks

Written by \`make bench\`; do not edit. ${about}.

Every figure is of the built bundle with its log, policy and metrics on, against peers on the same machine in the
same run, in turn. A ratio is ours by theirs, round by round. Its median is held against *must*, which may not be
missed, and *goal*, which is what we are after. Bytes are compared with what was sent; a turn with an error
counts as not measured. \`test/bench/README.md\` says how to add a row.

| | |
|---|---|
${facts.map(([name, value]) => `| ${name} | ${value} |`).join('\n')}

**${counted}**
${short.map((line) => `\n- ${line}`).join('')}

${sections.map(sectionMarkdown).join('\n')}`;
}
