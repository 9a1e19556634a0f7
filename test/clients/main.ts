/**
 * `make clients`: every client of the matrix on an offline tailnet. Prints a table and, when all have passed, writes
 * docs/clients.md. Arguments, if any, name the clients to run; the page is left alone then.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Table from 'cli-table3';
import { exitWith } from '../tailnet/command.ts';
import { runSelfInNamespace } from '../tailnet/enter-namespace.ts';
import { insideNamespace } from '../tailnet/namespace.ts';
import { using } from '../support/using.ts';
import type { TailnetFacts } from '../tailnet/facts.ts';
import { startTailnet } from '../tailnet/tailnet.ts';
import { ensureTools } from '../tailnet/toolchain.ts';
import type { Client } from './client.ts';
import { clients } from './matrix.ts';
import { renderPage, type PlayedClient } from './page.ts';
import { ensureParts } from './parts.ts';
import { runClient } from './run-client.ts';
import { createUndo } from './undo.ts';
import { versionOf } from './version.ts';

const page = join(import.meta.dirname, '..', '..', 'docs', 'clients.md');

async function main(): Promise<number> {
  const names = process.argv.slice(2);
  const unknown = names.filter((name) => clients.every((client) => client.name !== name));
  if (unknown.length > 0) throw new Error(`no such client: ${unknown.join(', ')}`);
  const wanted = clients.filter(({ name }) => names.length === 0 || names.includes(name));
  if (!insideNamespace()) {
    // What has to be built or fetched needs the network.
    await ensureTools((line) => process.stderr.write(`tailnet: ${line}\n`));
    await ensureParts(wanted.flatMap(({ parts = [] }) => parts));
    return await runSelfInNamespace();
  }
  return await using(await startTailnet(), ({ facts }) => playAll(wanted, names, facts));
}

async function playAll(
  wanted: readonly Client[],
  names: readonly string[],
  facts: TailnetFacts,
): Promise<number> {
  const parts = await ensureParts(wanted.flatMap((client) => client.parts ?? []));
  const table = new Table({
    head: ['client', 'version', 'what', 'with the bridge', 'without'],
    style: { head: [], border: [], compact: true },
  });
  const played: PlayedClient[] = [];
  let failed = 0;
  for (const client of wanted) {
    const undo = createUndo();
    try {
      const version = await versionOf(client, parts);
      const results = await runClient(undo, client, { facts, parts });
      for (const { title, faults, seconds } of results) {
        const isGood = faults.length === 0;
        if (!isGood) failed += 1;
        const how = isGood ? [`ok, ${seconds.toFixed(1)} s`, 'fails'] : ['FAILED', ''];
        table.push([client.name, version, title, ...how]);
        console.log(`${isGood ? 'ok' : 'FAILED'} ${client.name} ${version}: ${title}`);
        for (const fault of faults) console.log(fault.replaceAll(/^/gm, '   '));
      }
      played.push({ client, version, trials: results.map(({ title }) => title) });
    } catch (error) {
      failed += 1;
      table.push([client.name, '', '', 'FAILED', '']);
      console.log(`FAILED ${client.name}: ${(error as Error).message}`);
    } finally {
      await undo.all();
    }
  }
  console.log(table.toString());
  if (failed === 0 && names.length === 0) await writeFile(page, renderPage(played));
  console.log(`${table.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

await exitWith('clients', main);
