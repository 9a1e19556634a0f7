import type { Config, Credentials } from '../config.ts';
import type { ProcessId } from '../lifecycle/folder/process-id.ts';
import type { PolicyFile } from '../proxy/policy/policy-file.ts';

/** All that a run is made of: what `up` hands to the supervisor over its socket pair. JSON; holds secrets. */
export interface RunPlan {
  readonly config: Config;
  /** In the order of `config.tailnets`. */
  readonly credentials: readonly Credentials[];
  /** The process whose end ends the run. */
  readonly owner: ProcessId | undefined;
  /** The proxy variables that stood before `up`. */
  readonly before: Readonly<Record<string, string>>;
  readonly policyFile: PolicyFile | undefined;
  /** The run's Spacelift token, for the roles of a policy file. */
  readonly identityToken: string | undefined;
  /** What tells this run from another: Spacelift's run id. */
  readonly runId: string | undefined;
}
