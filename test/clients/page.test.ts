import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { clients } from './matrix.ts';
import { settingCells } from './page.ts';

void t.test('docs/clients.md has each client of the matrix with what to set', async (t) => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/clients.md'), 'utf8');
  const rows = page.split('\n').filter((line) => /^\| (?!program )/.test(line));
  t.equal(rows.length, clients.length);
  for (const client of clients) {
    const [name, setting] = settingCells(client);
    t.ok(
      rows.some((row) => row.startsWith(`| ${name} | `) && row.endsWith(` | ${setting} |`)),
      `${name}: run make clients`,
    );
  }
});
