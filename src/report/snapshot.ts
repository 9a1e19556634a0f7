/** The shape of `last-run.json` and of `spacetail report --format json`. */

export interface Counts {
  readonly requests: number;
  /** Failed for another reason than the policy. */
  readonly errors: number;
  readonly denied: number;
  /** Let through by a mode that only tries the policy out. */
  readonly wouldDeny: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export interface Destination extends Counts {
  readonly host: string;
  readonly port: number;
  /** Of the latest request. */
  readonly route: string;
  readonly peer: string | null;
  /** Where the run has several: the one it was dialled in. */
  readonly tailnet?: string;
  /** Median and longest dial in ms; `null` when nothing was dialled. */
  readonly dialP50Ms: number | null;
  readonly dialMaxMs: number | null;
  /** Epoch ms: the first request's start and the last one's end. */
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface Program extends Counts {
  /** A Terraform provider's binary, another program's file name, or `unknown`. */
  readonly name: string;
  readonly isProvider: boolean;
}

export interface SlowRequest {
  readonly id: string;
  readonly proto: string;
  readonly method: string;
  readonly host: string;
  readonly port: number;
  readonly status: number;
  readonly error: string | null;
  /** What the client waited, ms. */
  readonly waitedMs: number;
  readonly dnsMs: number | null;
  readonly dialMs: number | null;
}

export interface FailureGroup {
  readonly host: string;
  readonly port: number;
  readonly status: number;
  readonly error: string;
  /** Of the latest one: a sentence for people. */
  readonly detail: string | null;
  readonly count: number;
}

export interface Bucket {
  readonly requests: number;
  readonly errors: number;
  readonly denied: number;
  readonly bytes: number;
}

export interface RunSnapshot {
  readonly version: 1;
  /** Spacelift's run id; `null` outside Spacelift. */
  readonly runId: string | null;
  /** Epoch ms. */
  readonly startedMs: number;
  readonly snapshotMs: number;
  readonly policyMode: 'enforce' | 'report' | 'learn';
  readonly totals: Counts;
  /** Lines of the access log that a full or slow disk cost; absent in files of older versions. */
  readonly lostLogLines?: number;
  /** Most requests first. */
  readonly destinations: readonly Destination[];
  /** Everything beyond the limit of destinations that are kept apart; `null` when there was room. */
  readonly otherDestinations: Counts | null;
  readonly programs: readonly Program[];
  readonly slowest: readonly SlowRequest[];
  readonly failures: readonly FailureGroup[];
  /** Requests by their start; each bucket is `bucketMs` long. */
  readonly timeline: { readonly bucketMs: number; readonly buckets: readonly Bucket[] };
  readonly learned: {
    /** Rules that allow what the run did and no more. */
    readonly rules: readonly string[];
    /** Requests that no rule stands for: beyond the limit, or a host that a rule cannot name. */
    readonly uncovered: number;
  };
}

/** Whether a parsed JSON value is a snapshot that this version can print. */
export function isRunSnapshot(value: unknown): value is RunSnapshot {
  const snapshot = value as Partial<RunSnapshot> | null;
  return (
    typeof snapshot === 'object' &&
    snapshot !== null &&
    snapshot.version === 1 &&
    typeof snapshot.totals?.requests === 'number' &&
    [snapshot.destinations, snapshot.programs, snapshot.slowest, snapshot.failures].every(
      Array.isArray,
    ) &&
    Array.isArray(snapshot.timeline?.buckets) &&
    Array.isArray(snapshot.learned?.rules)
  );
}
