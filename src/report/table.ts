/** The report for a terminal or a CI log (at most 100 columns), and as markdown for a comment. */
import Table from 'cli-table3';
import { shorten } from './format.ts';
import { renderLearned } from './learn.ts';
import { type Column, headlines, type Section, sectionsOf } from './sections.ts';
import type { RunSnapshot } from './snapshot.ts';

const bare = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

const rowsInTable = 20;
const rowsInMarkdown = 100;

/** @returns text that ends with a line end */
export function renderTable(snapshot: RunSnapshot): string {
  const sections = sectionsOf(snapshot, { mostRows: rowsInTable }).map(asTable);
  return [
    `${headlines(snapshot).join('\n')}\n`,
    ...sections,
    ...learnedPart(snapshot, (text) => text),
  ].join('\n');
}

function asTable({ title, columns, rows }: Section): string {
  const table = new Table({
    chars: bare,
    head: columns.map((column) => column.title),
    colAligns: columns.map((column) => column.align),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => row.map((cell, at) => fit(cell, columns[at]))));
  const lines = table.toString().split('\n');
  return `${title}\n${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function fit(cell: string, column: Column | undefined): string {
  if (column === undefined || cell.length <= column.width) return cell;
  return column.cut === 'middle'
    ? shorten(cell, column.width)
    : `${cell.slice(0, column.width - 1)}…`;
}

/** @returns text that ends with a line end */
export function renderMarkdown(snapshot: RunSnapshot): string {
  const sections = sectionsOf(snapshot, { mostRows: rowsInMarkdown }).map(asMarkdown);
  const learned = learnedPart(snapshot, (text) => `\`\`\`sh\n${text}\`\`\`\n`);
  return [
    `**spacetail** ${headlines(snapshot).map(escapeMarkdown).join('<br>')}\n`,
    ...sections,
    ...learned,
  ].join('\n');
}

function asMarkdown({ title, columns, rows }: Section): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  const rule = columns.map((column) => (column.align === 'right' ? '---:' : '---'));
  const body = rows.map((row) => line(row.map(escapeMarkdown)));
  return `### ${title}\n\n${line(columns.map((column) => column.title))}${line(rule)}${body.join('')}`;
}

/** Names come from clients: none of them may become a link, a tag or another column. */
function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>()#|~!&@]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Only learn mode asked for it. */
function learnedPart(snapshot: RunSnapshot, wrap: (text: string) => string): string[] {
  const learned = snapshot.policyMode === 'learn' ? renderLearned(snapshot.learned) : '';
  return learned === '' ? [] : [wrap(learned)];
}
