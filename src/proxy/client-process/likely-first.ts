/** The order in which processes are looked through for one that has just connected. */
import { descriptorCount } from './process-scan.ts';
import type { TimeSlice } from '../socket-tables/time-slice.ts';

/**
 * Remembers how many descriptors each process had when it was last asked. Who has connected since mostly has more of them
 * now; to count them takes a tenth of what it takes to list and read them. Linux before 6.2 does not tell, and the order stays.
 */
export class LikelyFirst {
  readonly #procFolder: string;
  #counts = new Map<number, number>();

  constructor(procFolder: string) {
    this.#procFolder = procFolder;
  }

  /** The same processes in another order: those that are new or have another number of descriptors, then the rest. */
  async sort(pids: readonly number[], slice: TimeSlice): Promise<number[]> {
    const counts = new Map<number, number>();
    const changed: number[] = [];
    const same: number[] = [];
    slice.begin();
    for (const pid of pids) {
      const count = descriptorCount(`${this.#procFolder}/${pid}/fd`);
      (count === this.#counts.get(pid) ? same : changed).push(pid);
      counts.set(pid, count);
      if (slice.isOver) await slice.rest();
    }
    slice.end();
    this.#counts = counts;
    return [...changed, ...same];
  }
}
