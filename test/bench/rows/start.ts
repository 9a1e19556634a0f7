import { fileURLToPath } from 'node:url';
import { run } from '../../support/run.ts';
import type { Bench } from '../bench.ts';
import { contest } from '../contest.ts';
import { spreadOf } from '../figures.ts';
import { NODE_VERSIONS, nodeBinary, type NodeMajor } from '../peers/npm.ts';
import type { Row, Section } from '../table.ts';

const cli = fileURLToPath(new URL('../../../dist/spacetail.js', import.meta.url));
const perTurn = 10;

/** The median of some starts: a turn of one start would be the weather. */
async function startMs(node: string, args: readonly string[], times: number): Promise<number> {
  const all: number[] = [];
  for (let at = 0; at < times; at += 1) {
    const done = await run(node, args);
    if (done.code !== 0) throw new Error(done.stderr);
    all.push(done.durationMs);
  }
  return spreadOf(all).median;
}

/** `spacetail --version` against a Node that does nothing. */
export async function startTime({ rounds, scaled, say: complain }: Bench): Promise<Section> {
  const nodes: (readonly [name: string, file: string])[] = [[process.version, process.execPath]];
  for (const major of Object.keys(NODE_VERSIONS).map(Number) as NodeMajor[]) {
    const file = nodeBinary(major);
    if (file !== undefined && `v${NODE_VERSIONS[major]}` !== process.version)
      nodes.push([`v${NODE_VERSIONS[major]}`, file]);
  }
  const times = scaled(perTurn);
  const outcome = await contest(
    nodes.flatMap(([name, file]) => [
      {
        name: `bare node ${name}`,
        measure: async () => ({ start: await startMs(file, ['-e', '0'], times) }),
      },
      {
        name: `Node ${name}`,
        measure: async () => ({ start: await startMs(file, [cli, '--version'], times) }),
      },
    ]),
    { rounds, complain },
  );
  const rows: Row[] = nodes.flatMap(([name], at) => [
    outcome.ratio(
      `Node ${name}`,
      `bare node ${name}`,
      'start',
      // The Node that it is shipped with has the bar.
      at === 0 ? { is: 'most', must: 1.8, goal: 1.4 } : undefined,
      `spacetail --version / bare node, ${name}`,
    ),
    outcome.row(`Node ${name}`, 'start', 'ms', { what: `spacetail --version, ${name}` }),
    outcome.row(`bare node ${name}`, 'start', 'ms', { what: `bare node, ${name}` }),
  ]);
  return {
    title: 'Start of the command line',
    about: `\`spacetail --version\` against \`node -e 0\`; each turn is the median of ${times} starts.`,
    rows,
  };
}
