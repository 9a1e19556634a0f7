import type { Environment } from '../tailscaled/child-environment.ts';
import type { ControlHandlers } from '../control/control-socket.ts';
import type { JoinSettings, TailnetView } from '../join/join-parts.ts';
import type { ErrorMessage } from '../control/error-message.ts';
import type { ProcessId } from '../folder/process-id.ts';
import type { Listeners, NodeSummary, ProgressEvent } from '../join/progress.ts';
import type { RuntimeFolder } from '../folder/runtime-folder.ts';
import type { SpacetailError } from '../../errors.ts';

/** The listeners and what goes through them. */
export interface Bridge {
  /** Binds both listeners. @throws {SpacetailError} `listen_failed`, with neither left bound */
  listen(): Promise<Listeners>;
  /** Takes no new requests; resolves when those under way have ended, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
  /** Closes the listeners and every connection that is left. Works at any time, also before `listen`. */
  close(): Promise<void>;
  /** Epoch ms at which a client was last seen; now while one is connected. */
  lastClientSeenMs(): number;
}

/** What the rest of the program is told of the tailnet. */
export type TailnetState =
  | { readonly kind: 'starting'; readonly step: string }
  | { readonly kind: 'running'; readonly view: TailnetView; readonly node: NodeSummary }
  /** tailscaled crashed and is being started again, or `up --no-wait` could not join. */
  | { readonly kind: 'down'; readonly error: ErrorMessage };

/** Why a run ended. */
export type RunEnd = 'down' | 'signal' | 'owner gone' | 'failed';

/** What the supervisor itself knows; `status` adds the rest. */
export interface SupervisorStatus {
  readonly pid: number;
  readonly state: 'starting' | 'running' | 'degraded' | 'failed' | 'stopping';
  readonly error: ErrorMessage | undefined;
  /** Epoch ms. */
  readonly startedMs: number;
  /** Of the `up` that started it. */
  readonly owner: ProcessId | undefined;
  readonly listeners: Listeners | undefined;
  readonly node: NodeSummary | undefined;
  readonly tailscaled: { readonly pid: number | undefined; readonly restarts: number };
  readonly droppedLogLines: number;
  /** Each tailnet for itself, in the run's order; what stands above is the first one's. */
  readonly tailnets: readonly MemberStatus[];
}

export interface MemberStatus extends Pick<
  SupervisorStatus,
  'state' | 'error' | 'node' | 'tailscaled'
> {
  readonly name: string;
  readonly isOptional: boolean;
}

/** What the wiring gives the supervisor. */
export interface SupervisorParts {
  readonly bridge: Bridge;
  /** Resolves once the backend runs, has an address, and the first netmap is there. */
  readiness(tailnet: TailnetView, signal: AbortSignal, name: string): Promise<NodeSummary>;
  /** The auth key of the credential; undefined where the user's own arguments have one. */
  obtainKey(
    signal: AbortSignal,
    name: string,
    notice: (text: string) => void,
  ): Promise<string | undefined>;
  /** `name` as in the settings; '' for the only tailnet. */
  tailnetChanged(state: TailnetState, name: string): void;
  /** What `status` answers. */
  status(core: SupervisorStatus): unknown;
  /** Further operations of the control socket: `explain`, `resolve`, … */
  readonly operations: ControlHandlers;
  /** The bridge is closed: write the record of the run. What it returns is what `down` gets to print. */
  finish(end: RunEnd): Promise<unknown>;
}

/** One of several tailnets. */
export interface MemberSettings {
  /** '' for the only one. */
  readonly name: string;
  /** A failed join does not fail `up`. */
  readonly isOptional: boolean;
  readonly tailnet: JoinSettings['tailnet'];
}

export interface SupervisorSettings extends JoinSettings {
  /** `tailnet` alone when not given. */
  readonly tailnets?: readonly MemberSettings[];
  readonly runtimeDir: string;
  /** False: `up` returns when the listeners answer, and a failed join leaves them up. */
  readonly wait: boolean;
  readonly ownerGraceMs: number;
}

export interface SupervisorOptions {
  readonly settings: SupervisorSettings;
  readonly owner: ProcessId | undefined;
  /** The proxy variables that stood before `up`, for before.json. */
  readonly before: Readonly<Record<string, string>>;
  readonly env: Environment;
  /** What `up` tells first, e.g. how a flag was read. */
  readonly notices: readonly string[];
  report(event: ProgressEvent): void;
  /** A signal to the process, or `up` gone before its last event. */
  readonly stop: AbortSignal;
  /** Takes secrets out of what children print. */
  redact(text: string): string;
}

export type SupervisorEnd =
  | { readonly kind: 'already'; readonly by: ProcessId }
  | { readonly kind: 'ended'; readonly end: RunEnd; readonly error: SpacetailError | undefined };

/** Called once the runtime folder is ours alone; `core` is what is true at any time. */
export type BuildParts = (
  folder: RuntimeFolder,
  core: () => SupervisorStatus,
) => Promise<SupervisorParts>;
