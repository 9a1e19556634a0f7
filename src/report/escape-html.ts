import { printable } from './format.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe as text and as a quoted attribute's value, line ends kept. */
export function escapeHtml(text: string): string {
  const lines = text.split('\n').map(printable);
  return lines.join('\n').replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}
