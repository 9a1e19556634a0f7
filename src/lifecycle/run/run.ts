import type { Ending } from './ending.ts';
import type { Progress } from '../join/progress.ts';
import type { RunState } from './run-state.ts';
import type { RuntimeFolder } from '../folder/runtime-folder.ts';
import type { SupervisorOptions, SupervisorParts } from './supervisor-parts.ts';

/** A claimed run: what its steps share. */
export interface Run {
  readonly options: SupervisorOptions;
  readonly folder: RuntimeFolder;
  readonly parts: SupervisorParts;
  readonly progress: Progress;
  readonly state: RunState;
  readonly ending: Ending;
}
