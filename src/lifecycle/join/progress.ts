import { type ErrorMessage, toErrorMessage } from '../control/error-message.ts';

/** The steps of `up`, as errors and progress lines name them. */
export type Step =
  | 'runtime folder'
  | 'control socket'
  | 'listeners'
  | 'tailscaled'
  | 'credentials'
  | 'login'
  | 'netmap';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The addresses that the bridge really listens on. */
export interface Listeners {
  readonly http: ListenAddress;
  readonly socks5: ListenAddress | undefined;
}

/** What `up` prints of the node it has become. */
export interface NodeSummary {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly peers: number;
  readonly suffix: string;
  /** Of tailscaled. */
  readonly version: string;
  readonly warnings: readonly string[];
}

export interface MemberNode {
  readonly name: string;
  readonly node: NodeSummary;
}

export type ProgressEvent =
  /** A step begins. */
  | {
      readonly kind: 'step';
      readonly step: Step;
      readonly elapsedMs: number;
      /** Of several: whose step it is. */
      readonly tailnet?: string;
    }
  /** tailscaled has come so far within a step; its log says so. */
  | { readonly kind: 'part'; readonly part: string; readonly elapsedMs: number }
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'listening'; readonly listeners: Listeners; readonly elapsedMs: number }
  | {
      readonly kind: 'ready';
      readonly node: NodeSummary;
      readonly listeners: Listeners;
      readonly elapsedMs: number;
      /** Of several tailnets, each one's; `node` is the first one's, with the warnings of all. */
      readonly tailnets?: readonly MemberNode[];
    }
  /** Everything that was started is gone again, unless `up` did not wait. */
  | { readonly kind: 'failed'; readonly error: ErrorMessage; readonly elapsedMs: number }
  /** Another supervisor has this runtime folder. */
  | { readonly kind: 'already'; readonly pid: number };

/** No event comes after one of these. */
export function isFinal(event: ProgressEvent): boolean {
  return event.kind === 'ready' || event.kind === 'failed' || event.kind === 'already';
}

/** What has happened so far, for those who come later, and the step that is under way. */
export interface Progress {
  readonly step: Step;
  readonly elapsedMs: number;
  begin(step: Step, tailnet?: string): void;
  part(part: string): void;
  notice(text: string): void;
  listening(listeners: Listeners): void;
  ready(node: NodeSummary, listeners: Listeners, tailnets?: readonly MemberNode[]): void;
  failed(error: unknown): void;
  /** All events from the first on, those to come included, until a final one or the signal. */
  follow(
    onEvent: (event: ProgressEvent) => void,
    signal: AbortSignal,
  ): Promise<ProgressEvent | undefined>;
}

/** @param onEvent called with each event as it happens */
export function createProgress(onEvent: (event: ProgressEvent) => void): Progress {
  const startedMs = performance.now();
  const elapsedMs = (): number => Math.round(performance.now() - startedMs);
  const events: ProgressEvent[] = [];
  const followers = new Set<(event: ProgressEvent) => void>();
  let step: Step = 'runtime folder';
  const emit = (event: ProgressEvent): void => {
    events.push(event);
    onEvent(event);
    for (const follower of followers) follower(event);
  };
  return {
    get step() {
      return step;
    },
    get elapsedMs() {
      return elapsedMs();
    },
    begin(next, tailnet = '') {
      step = next;
      const named = tailnet === '' ? {} : { tailnet };
      emit({ kind: 'step', step, elapsedMs: elapsedMs(), ...named });
    },
    part: (part) => emit({ kind: 'part', part, elapsedMs: elapsedMs() }),
    notice: (text) => emit({ kind: 'notice', text }),
    listening: (listeners) => emit({ kind: 'listening', listeners, elapsedMs: elapsedMs() }),
    ready: (node, listeners, tailnets) =>
      emit({
        kind: 'ready',
        node,
        listeners,
        elapsedMs: elapsedMs(),
        ...(tailnets !== undefined && { tailnets }),
      }),
    failed: (error) =>
      emit({ kind: 'failed', error: toErrorMessage(error), elapsedMs: elapsedMs() }),
    follow(onEach, signal) {
      return new Promise((resolve) => {
        const done = (event: ProgressEvent | undefined): void => {
          followers.delete(follower);
          resolve(event);
        };
        const follower = (event: ProgressEvent): void => {
          onEach(event);
          if (isFinal(event)) done(event);
        };
        followers.add(follower);
        for (const event of events) follower(event);
        if (signal.aborted) done(undefined);
        else signal.addEventListener('abort', () => done(undefined), { once: true });
      });
    },
  };
}
