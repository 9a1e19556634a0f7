import type { HasTeardown } from '../support/tmp-folder.ts';
import { accessTailnet, type TailnetAccess } from './access.ts';
import { readFacts } from './facts.ts';
import { startTailnet } from './tailnet.ts';

/**
 * The tailnet for a test file: the one that SPACETAIL_TEST_TAILNET (a facts file) names, shared
 * with other files, or else one of its own that ends with `t`. A test that breaks nodes, servers
 * or headscale takes `startTailnet` instead.
 */
export async function useTailnet(t: HasTeardown): Promise<TailnetAccess> {
  const shared = process.env['SPACETAIL_TEST_TAILNET'];
  if (shared) {
    const access = accessTailnet(readFacts(shared));
    t.teardown(() => access.killJoined());
    return access;
  }
  const tailnet = await startTailnet();
  t.teardown(() => tailnet.stop());
  return tailnet;
}
