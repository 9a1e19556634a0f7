import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { startTailnet } from '../tailnet/tailnet.ts';
import type { Bench } from './bench.ts';
import { documentOf } from './document.ts';
import { buildLoad, loadOf } from './load.ts';
import { machineFacts } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { sectionPlans } from './sections.ts';
import { type Section, sectionText, summaryLines } from './table.ts';

/**
 * Thousands of short connections to one address a minute: without these, connect(2) searches ports among those
 * in TIME_WAIT, and soon finds none. The namespace's own settings.
 */
const settings = {
  'net/ipv4/tcp_max_tw_buckets': '500',
  'net/ipv4/tcp_tw_reuse': '1',
  'net/ipv4/ip_local_port_range': '10000 65000',
};

const say = (line: string): void => console.error(`bench: ${line}`);

/** Measures, prints each section as it is done, and at last what falls short. Inside the namespace. */
export async function measure(options: BenchOptions): Promise<void> {
  const { rounds, scale, isQuick, only, write } = options;
  const startMs = performance.now();
  for (const [name, value] of Object.entries(settings)) writeFileSync(`/proc/sys/${name}`, value);
  const tailnet = await startTailnet({ report: say });
  const load = loadOf(await buildLoad());
  const origin = await load.origin('0.0.0.0');
  const facts = await machineFacts(tailnet.facts.tools);
  for (const [name, value] of facts) console.log(`${name}: ${value}`);
  const scaled = (full: number): number => Math.ceil(full * scale);
  const bench: Bench = { tailnet, load, origin, rounds, scaled, say };
  const isWanted = (name: string): boolean => only.length === 0 || only.includes(name);
  const sections: Section[] = [];
  const save = (about: string): void => {
    if (write !== undefined) writeFileSync(write, documentOf(facts, about, sections));
  };
  for (const plan of sectionPlans.filter(({ name }) => isWanted(name))) {
    if (isQuick && plan.isLong === true && only.length === 0) continue;
    say(`${plan.name}, ${rounds} rounds`);
    const sectionStartMs = performance.now();
    const folder = mkdtempSync(`${tmpdir()}/${plan.name}-`);
    // One that breaks must not cost what the others found.
    const measured = await plan
      .measure(bench, folder)
      .catch((error: unknown): Section[] => [
        { title: plan.name, about: `Failed: ${(error as Error).message}`, rows: [] },
      ]);
    for (const section of measured) console.log(sectionText(section));
    say(`${plan.name} took ${Math.round((performance.now() - sectionStartMs) / 1000)} s`);
    sections.push(...measured);
    // A run that is ended leaves what it has.
    save(`the first ${sections.length} tables of a run of ${rounds} rounds`);
  }
  await origin.stop();
  await tailnet.stop();
  const minutes = Math.ceil((performance.now() - startMs) / 60_000);
  const about = `${rounds} rounds in turn, ${minutes} minutes${isQuick ? ', quick: a tenth of the counts' : ''}`;
  console.log(`\n${[about, ...summaryLines(sections)].join('\n')}`);
  save(about);
}
