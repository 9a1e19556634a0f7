import * as fc from 'fast-check';
import t from 'tap';
import { cutPeers } from '../../../src/dns/local-api/status-pieces.ts';
import { largeStatus, peerDocument, statusDocument } from '../../support/netmap.ts';

/** The document that the pieces make, and how many there were. */
function joined(text: string): { document: Record<string, unknown>; pieces: number } {
  const peers: Record<string, unknown> = {};
  const cut = cutPeers(Buffer.from(text));
  let pieces = 0;
  let step = cut.next();
  for (; step.done !== true; step = cut.next()) {
    Object.assign(peers, JSON.parse(step.value));
    pieces++;
  }
  const document = JSON.parse(step.value) as Record<string, unknown>;
  return { document: pieces === 0 ? document : { ...document, Peer: peers }, pieces };
}

void t.test(
  'the pieces of a large document make the whole, whatever its white space',
  async (t) => {
    const document = largeStatus(2_000, 100);
    for (const indent of [0, 2, '\t']) {
      const { document: made, pieces } = joined(JSON.stringify(document, null, indent));
      t.ok(pieces > 20, `${pieces} pieces`);
      t.strictSame(made, document);
    }
  },
);

void t.test('a small document is one piece', async (t) => {
  const document = statusDocument([peerDocument(1)]);
  t.strictSame(joined(JSON.stringify(document)), { document, pieces: 0 });
});

void t.test('texts that look like JSON cut nothing, whatever stands in them', async (t) => {
  const word = fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', '"Peer":{', 'é', '\n', 'x');
  const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(''));
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), (texts) => {
      const filler = 'x'.repeat(70_000);
      const named = texts.map((each, at) => [`${each}${at}`, { HostName: each, filler }]);
      const Peer = Object.fromEntries([
        ...named,
        ['a', { filler }],
        ['b', { filler }],
        ['c', filler],
      ]);
      const document = { [texts[0] ?? '']: texts, Peer, User: { Peer: texts }, more: filler };
      return JSON.stringify(joined(JSON.stringify(document)).document) === JSON.stringify(document);
    }),
    { seed: 13, numRuns: 300 },
  );
  t.pass('300 documents');
});

void t.test('what is cut short is no JSON in one of its pieces', async (t) => {
  const text = JSON.stringify(largeStatus(1_000, 0));
  for (const length of [300_000, 400_001, 777_777, text.length - 1])
    t.throws(() => joined(text.slice(0, length)), SyntaxError, String(length));
});
