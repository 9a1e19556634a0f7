import type { TailnetView } from '../dns/tailnet-view.ts';
import type { TailnetState as Lifecycle } from '../lifecycle/run/supervisor-parts.ts';
import type { DialPlace, Resolution, Resolver, Tailnet, TailnetState } from '../tailnet.ts';

/** The run's tailnet as the proxy wants it: what tailscaled's process does, and what its netmap says. */
export interface TailnetAdapter {
  readonly tailnet: Tailnet;
  readonly resolver: Resolver;
  /** The supervisor tells of tailscaled's process. */
  changed(next: Lifecycle): void;
  /** Calls back after every look at the tailnet and every change of tailscaled's process. */
  onChange(listener: () => void): void;
}

/** @param name - as in SPACETAIL_TAILNETS; '' for the only one */
export function adaptTailnet(view: TailnetView, name = '', isOptional = false): TailnetAdapter {
  let joinedAtMs: number | undefined;
  let process: Lifecycle = { kind: 'starting', step: 'listeners' };
  const waiting = new Set<() => void>();
  const listeners = new Set<() => void>();
  const state = (): TailnetState => {
    if (process.kind === 'starting') return { kind: 'starting', detail: `at step ${process.step}` };
    if (process.kind === 'down') return { kind: 'down', detail: process.error.message };
    return view.state();
  };
  const notify = (): void => {
    for (const look of waiting) look();
    for (const listen of listeners) listen();
  };
  view.onChange(notify);
  const ready = (signal: AbortSignal): Promise<TailnetState> =>
    new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        waiting.delete(look);
        signal.removeEventListener('abort', abort);
        end();
      };
      const abort = (): void => settle(() => reject(signal.reason as Error));
      const look = (): void => {
        const now = state();
        if (now.kind !== 'starting') settle(() => resolve(now));
      };
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      waiting.add(look);
      look();
    });
  // The process is known to be gone before the netmap shows it: a name that the last one does not hold may exist.
  const inState = (host: string, resolution: Resolution): Resolution => {
    const now = state();
    if (resolution.kind !== 'not_found' || !resolution.owned || now.kind === 'running') {
      return resolution;
    }
    const detail = `${host} is not in the last netmap and ${now.detail}`;
    return { kind: 'unavailable', host: resolution.host, owned: true, detail };
  };
  // Of several, which one it is that cannot be asked.
  const named = (resolution: Resolution): Resolution =>
    name === '' || resolution.kind !== 'unavailable'
      ? resolution
      : { ...resolution, detail: `tailnet ${name}: ${resolution.detail}` };
  const resolver: Resolver = {
    known(host) {
      const resolution = view.resolver.known(host);
      return resolution && named(inState(host, resolution));
    },
    resolve: async (host, signal) =>
      named(inState(host, await view.resolver.resolve(host, signal))),
    searched: (host) => view.resolver.searched(host),
  };
  const tailnet: Tailnet = {
    name,
    isOptional,
    get members() {
      return [tailnet];
    },
    state,
    ready,
    dialPlace: () => (process.kind === 'running' ? placeOf(process.view) : undefined),
    joinedAtMs: () => joinedAtMs,
    hasNetmap: () => view.hasNetmap(),
    ownerOf: (ip) => view.ownerOf(ip),
    peerNamed: (name) => view.peerNamed(name),
    hasNodeUnder: (suffix) => view.hasNodeUnder(suffix),
    ownsName: (name) => view.ownedSuffix(name) !== undefined,
    ownedSuffix: (name) => view.ownedSuffix(name),
    exitNode: () => view.exitNode(),
    suffix: () => view.suffix(),
    diagnose: (ip, port, signal) => view.diagnose(ip, port, signal),
    meet: (ip) => view.meet(ip),
    ping: (ip, signal) => view.ping(ip, signal),
    inboundPeer: (host, port, signal) => view.inboundPeer(host, port, signal),
  };
  return {
    resolver,
    tailnet,
    onChange: (listener) => void listeners.add(listener),
    changed(next) {
      if (next.kind !== 'running') joinedAtMs = undefined;
      else joinedAtMs ??= performance.now();
      process = next;
      view.refresh();
      notify();
    },
  };
}

/** Where tailscaled got no SOCKS port, its LocalAPI dials. */
function placeOf({
  socksAddress,
  socket,
}: Extract<Lifecycle, { kind: 'running' }>['view']): DialPlace {
  return socksAddress ?? { path: socket };
}
