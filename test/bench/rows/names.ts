import { fork } from 'node:child_process';
import { once } from 'node:events';
import { spreadOf } from '../figures.ts';
import type { MeasuredName } from '../names/measured.ts';
import type { Section } from '../table.ts';

/** Each in a process of its own: what one leaves on the heap is not the next one's. */
const parts = ['building', 'lookingUp', 'ticking100', 'ticking10000'];

async function measured(section: string): Promise<MeasuredName[]> {
  const child = fork(new URL('../names/program.ts', import.meta.url), [section]);
  const [rows] = (await once(child, 'message')) as [MeasuredName[]];
  return rows;
}

export async function namesAndRoutes(): Promise<Section> {
  const all: MeasuredName[] = [];
  for (const section of parts) all.push(...(await measured(section)));
  return {
    title: 'Names and routes',
    about: 'The index of a large netmap; each figure is one run, a median where it says so.',
    rows: all.map(({ what, value, most, unit }) => ({
      what,
      spread: spreadOf([value]),
      unit,
      bar: most === undefined ? undefined : { is: 'most', must: most },
    })),
  };
}
