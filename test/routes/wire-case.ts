/** The table: what is said on the wire, and by which routes it holds. */
import type { Test } from 'tap';
import { type RouteName, routeInLog, type Way } from './way.ts';

/** What hangs is a failure of its own case, and the next one begins. */
const CASE_MS = 60_000;

export interface WireCase {
  readonly title: string;
  /** The routes that cannot have it, with the reason. */
  readonly not?: Partial<Readonly<Record<RouteName, string>>>;
  /** @param way - fresh: nothing has been asked by it */
  readonly run: (t: Test, way: Way) => Promise<void>;
}

/** Runs the whole table by one route. What the route cannot have is printed with its reason. */
export async function runTable(
  t: Test,
  cases: readonly WireCase[],
  route: RouteName,
  wayFor: (t: Test) => Promise<Way>,
): Promise<void> {
  for (const { title, not, run } of cases) {
    const reason = not?.[route];
    if (reason !== undefined) {
      t.comment(`not by the route ${route}: ${title}: ${reason}`);
      continue;
    }
    await t.test(`${route}: ${title}`, { timeout: CASE_MS }, async (t) => {
      const way = await wayFor(t);
      await run(t, way);
      const ways = new Set(way.records().map(({ route }) => route));
      ways.delete('deny');
      t.strictSame([...ways], ways.size === 0 ? [] : [routeInLog[route]], 'by this route alone');
    });
  }
}
