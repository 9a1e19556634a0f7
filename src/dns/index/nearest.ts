import { distance } from 'fastest-levenshtein';
import { type NameTable, nameAt } from './name-table.ts';
import { isUnder } from './names.ts';

/** The look at 100,000 names must not hold up the event loop. */
const BUDGET_MS = 8;

/**
 * Names of the table that a person may have meant, nearest first. A name under the tailnet's suffix is
 * compared by what stands before the suffix, another as it is.
 */
export function nearestNames(
  table: NameTable,
  name: string,
  suffix: string,
  limit: number,
): string[] {
  const wanted =
    isUnder(name, suffix) && name !== suffix ? name.slice(0, -suffix.length - 1) : name;
  const farthest = wanted.length < 3 ? 1 : Math.max(2, Math.floor(wanted.length / 3));
  const found: { name: string; distance: number }[] = [];
  const deadline = performance.now() + BUDGET_MS;
  for (let entry = 0; entry < table.offsets.length; entry++) {
    if ((entry & 255) === 0 && performance.now() > deadline) break;
    if (Math.abs(table.lengths[entry]! - wanted.length) > farthest) continue;
    const candidate = nameAt(table.bytes, table.offsets[entry]!, table.lengths[entry]!);
    const away = distance(wanted, candidate);
    if (away <= farthest) found.push({ name: candidate, distance: away });
  }
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return found.slice(0, limit).map((near) => near.name);
}
