import type { Test } from 'tap';
import type { TailnetAccess } from '../tailnet/access.ts';
import type { Client } from './client.ts';
import { ensureParts } from './parts.ts';
import { runClient } from './run-client.ts';

/** One test for each client that is not slow, one assertion for each of its commands. */
export async function testClients(
  t: Test,
  tailnet: TailnetAccess,
  clients: readonly Client[],
): Promise<void> {
  for (const client of clients) {
    if (client.isSlow) continue;
    await t.test(`${client.name} reaches a node through the bridge, and only so`, async (t) => {
      const parts = await ensureParts(client.parts ?? []);
      const results = await runClient(t, client, { facts: tailnet.facts, parts });
      t.ok(results.length > 0, 'it has commands');
      for (const { title, faults } of results) t.strictSame(faults, [], title);
    });
  }
}
