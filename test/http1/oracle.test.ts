/** src/http1 held against node's own parser: where they differ, the difference is on a list with its reason. */
import * as fc from 'fast-check';
import t from 'tap';
import { readCorpus } from '../fuzz/corpus.ts';
import { inputsOf } from '../fuzz/inputs.ts';
import { differences } from './differences.ts';
import type { Difference } from './differences.ts';
import { readMessage } from './message.ts';
import type { Kind, Message } from './message.ts';
import { readByNode } from './node-parser.ts';

const words =
  'GET |\r\n|\n|\r| |\t|\0|:|\u0080|;|+|A|0|, |chunked, |HTTP/1.1| HTTP/1.0|Content-Length: 1\r\n|Host: a\r\n|Transfer-Encoding: chunked\r\n|Connection: close\r\n|Upgrade: x\r\nConnection: upgrade\r\n'.split(
    '|',
  );
const A_SEED = 17;
const RUNS = 30_000;

function verdict(message: Message): string {
  return message.kind === 'malformed' ? message.why : 'read';
}

/** `undefined` where both say the same. */
function differenceOf(kind: Kind, bytes: Buffer): { ours: Message; node: Message } | undefined {
  const [ours, node] = [readMessage(kind, [bytes]), readByNode(kind, bytes)];
  if (ours.kind === 'whole' && node.kind === 'whole') {
    const same = JSON.stringify({ ...ours, rest: '' }) === JSON.stringify(node);
    return same ? undefined : { ours, node };
  }
  return ours.kind === node.kind ? undefined : { ours, node };
}

const isListed = (kind: Kind, ours: Message, node: Message): boolean =>
  differences.some(
    (one) =>
      one.kind === kind &&
      one.ours === verdict(ours) &&
      one.node.includes(verdict(node)) &&
      // Two readings of one message are never to be explained.
      !(ours.kind === 'whole' && node.kind === 'whole'),
  );

void t.test('each difference on the list is one', async (t) => {
  const check = ({ kind, example, ours, node, why }: Difference): void => {
    const bytes = Buffer.from(example, 'latin1');
    const found = differenceOf(kind, bytes);
    t.ok(found, `${JSON.stringify(example)}: ${why}`);
    if (found === undefined) return;
    t.equal(verdict(found.ours), ours, example);
    t.ok(node.includes(verdict(found.node)), `${example}: ${verdict(found.node)}`);
  };
  for (const difference of differences) check(difference);
});

for (const kind of ['request', 'answer'] as const) {
  void t.test(`there is no other difference in what is near to a ${kind}`, async (t) => {
    const examples = differences.filter((one) => one.kind === kind);
    const corpus = [
      ...readCorpus(`http1-${kind}`).map(({ bytes }) => bytes),
      ...examples.map(({ example }) => Buffer.from(example, 'latin1')),
    ];
    fc.assert(
      fc.property(inputsOf(corpus, words), (bytes) => {
        const found = differenceOf(kind, bytes);
        if (found === undefined || isListed(kind, found.ours, found.node)) return;
        throw new Error(`ours ${JSON.stringify(found.ours)}, node ${JSON.stringify(found.node)}`);
      }),
      { numRuns: RUNS, seed: Number(process.env['SEED'] ?? A_SEED) },
    );
    t.pass(`${RUNS} inputs`);
  });
}
