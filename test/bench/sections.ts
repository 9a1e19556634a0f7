import type { Bench } from './bench.ts';
import { ceiling } from './rows/ceiling.ts';
import { overADistance } from './rows/far.ts';
import { forwarding } from './rows/forwarding.ts';
import { throughputOnLoopback } from './rows/loopback.ts';
import { manyTunnels } from './rows/many.ts';
import { memory } from './rows/memory.ts';
import { namesAndRoutes } from './rows/names.ts';
import { nodesSideBySide } from './rows/nodes.ts';
import { policyAndRecords } from './rows/policy.ts';
import { setUpOnLoopback } from './rows/set-up.ts';
import { startTime } from './rows/start.ts';
import { onTheTailnet } from './rows/tailnet.ts';
import { upAndDown } from './rows/up.ts';
import type { Section } from './table.ts';

export interface SectionPlan {
  /** For `--only`. */
  readonly name: string;
  /** Left out by `--quick`. */
  readonly isLong?: boolean;
  readonly measure: (bench: Bench, folder: string) => Promise<readonly Section[]>;
}

const one =
  (measure: (bench: Bench, folder: string) => Promise<Section>): SectionPlan['measure'] =>
  async (bench, folder) => [await measure(bench, folder)];

/** In the order in which they run and are printed. */
export const sectionPlans: readonly SectionPlan[] = [
  { name: 'ceiling', measure: one(ceiling) },
  { name: 'tailnet', measure: onTheTailnet },
  { name: 'distance', measure: one(overADistance) },
  { name: 'up', measure: one(upAndDown) },
  { name: 'throughput', measure: one(throughputOnLoopback) },
  { name: 'set-up', measure: one(setUpOnLoopback) },
  { name: 'forwarding', measure: one(forwarding) },
  { name: 'memory', isLong: true, measure: one(memory) },
  { name: 'many', measure: one(manyTunnels) },
  { name: 'start', measure: one(startTime) },
  { name: 'nodes', isLong: true, measure: one(nodesSideBySide) },
  { name: 'policy', isLong: true, measure: one(policyAndRecords) },
  { name: 'names', isLong: true, measure: async () => [await namesAndRoutes()] },
];
