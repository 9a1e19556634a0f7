import type { TailnetView } from '../dns/tailnet-view.ts';
import type { Bridge } from '../proxy/bridge.ts';
import type { TailnetAdapter } from './tailnet-adapter.ts';

/**
 * Tells the bridge of each look at the tailnet: as a whole new netmap where nodes have come or gone, or where state,
 * suffix or exit node are others. A busy tailnet ticks many times a second, and mostly about endpoints.
 */
export function tellOfNetmap(view: TailnetView, adapter: TailnetAdapter, bridge: Bridge): void {
  const { tailnet } = adapter;
  let last = '';
  adapter.onChange(() => {
    const exitNode = tailnet.exitNode()?.name;
    const now = JSON.stringify([
      tailnet.state().kind,
      view.summary()?.peers,
      view.withdrawals(),
      tailnet.suffix(),
      exitNode,
    ]);
    bridge.netmapChanged(now !== last);
    last = now;
  });
}
