/** Origins that end connections at once: what dial ahead may spend on them. */
import type { Spacetail } from '../integration/spacetail.ts';
import type { LogLine } from '../support/log-lines.ts';
import { waitFor } from '../support/wait-for.ts';
import { tunnelOnce } from './spare-client.ts';
import { spareOrigin } from './spare-origins.ts';

const REQUESTS_AT_ONCE = 20;
/** Of a node: IPv4 and IPv6. */
const ADDRESSES = 2;

interface Test {
  teardown(action: () => unknown): unknown;
}

/**
 * Origins that end a connection amid its dial: the bridge may take that for a failed dial, ask why and try again for
 * a client, up to four connections. None of that is done for a spare.
 */
export async function endAtOnce(test: Test, spacetail: Spacetail): Promise<string[]> {
  const problems: string[] = [];
  for (const kind of ['closesAtOnce', 'resetsAtOnce'] as const) {
    const origin = await spareOrigin(test, kind);
    const startMs = performance.now();
    for (let turn = 0; turn < REQUESTS_AT_ONCE; turn += 1)
      await tunnelOnce(spacetail.httpPort, origin, false);
    const lines = await waitFor(
      () => {
        const all = spacetail.accessLog().filter((line) => line['port'] === origin.port);
        return all.length >= REQUESTS_AT_ONCE ? all : undefined;
      },
      { what: 'the lines of the log' },
    );
    const again = lines.filter(wasTriedAgain);
    const used = lines.filter((line) => line['preconnect'] === true).length;
    // A node has two addresses, and the other is tried at once where the first has failed.
    const others = lines.reduce((sum, line) => sum + Number(line['tried'] ?? 1) - 1, 0);
    const ofClients = REQUESTS_AT_ONCE - used + others + 3 * again.length;
    const seconds = (performance.now() - startMs) / 1000;
    const most = ofClients + used + ADDRESSES * mostToDying(seconds);
    const { length } = origin.acceptedAtMs;
    console.log(
      `${kind}: ${length} dials for ${REQUESTS_AT_ONCE} requests, ${again.length} of them tried again`,
    );
    if (length > most) problems.push(`${kind}: ${length} dials, at most ${most} expected`);
  }
  return problems;
}

/** A second attempt comes 200 ms after the first. */
export function wasTriedAgain(line: LogLine): boolean {
  return line.status !== 200 || (line['preconnect'] !== true && Number(line['dial_ms']) >= 200);
}

/** One that dies at once is left alone for 1 s, 2 s, 4 s … 60 s. */
export function mostToDying(seconds: number): number {
  return Math.ceil(4 + Math.log2(Math.max(1, Math.min(seconds, 64))) + seconds / 60);
}
