import type { Bridge as SupervisedBridge } from '../lifecycle/run/supervisor-parts.ts';
import { SpacetailError } from '../errors.ts';
import type { Pages } from '../proxy/pages/pages.ts';
import type { Bridge } from '../proxy/bridge.ts';

export interface Activity {
  /** Epoch ms of the last request's begin or end. */
  lastMs: number;
}

/** The bridge as the supervisor handles it. */
export function adaptBridge(bridge: Bridge, pages: Pages, activity: Activity): SupervisedBridge {
  return {
    async listen() {
      await bridge.listen();
      const { http, socks } = bridge.addresses();
      if (http === undefined)
        throw new SpacetailError('internal', 'the HTTP listener has no address');
      return { http, socks5: socks };
    },
    async drain(timeoutMs) {
      pages.close();
      await bridge.drain(AbortSignal.timeout(timeoutMs));
    },
    async close() {
      pages.close();
      await bridge.drain(AbortSignal.abort());
    },
    lastClientSeenMs: () => (bridge.counters().underWay > 0 ? Date.now() : activity.lastMs),
  };
}
