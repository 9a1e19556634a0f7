import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import t from 'tap';
import { ClientReads } from '../../../src/proxy/tunnel/client-reads.ts';
import { loopbackPair } from '../../support/loopback-pair.ts';

const sent = randomBytes(8 * 1024 * 1024);
const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Sends, and takes with a rest after every third chunk; what came, and whether it came by the buffer at the end. */
async function receive(client: Socket, accepted: Socket) {
  const hash = createHash('sha256');
  let chunks = 0;
  let resting = false;
  let tookWhileResting = false;
  const reads = new ClientReads(accepted, (chunk) => {
    tookWhileResting ||= resting;
    hash.update(chunk);
    chunks += 1;
    if (chunks % 3 > 0) return true;
    resting = true;
    setImmediate(() => {
      resting = false;
      accepted.resume();
    });
    return false;
  });
  accepted.resume();
  client.end(sent);
  await once(accepted, 'end');
  const { isFixed } = reads;
  reads.recycle();
  return { sha: hash.digest('hex'), isFixed, tookWhileResting };
}

void t.test(
  'a large upload goes over to one buffer, unaltered, and rests when told to',
  async (t) => {
    const { client, accepted } = await loopbackPair(t);
    const received = await receive(client, accepted);
    t.equal(received.sha, sha(sent));
    t.ok(received.isFixed, 'on this Node too');
    t.notOk(received.tookWhileResting);
  },
);

void t.test('where Node has no such buffer, the stream goes on', async (t) => {
  const { client, accepted } = await loopbackPair(t);
  const { _handle: handle } = accepted as unknown as { _handle: { useUserBuffer?: unknown } };
  handle.useUserBuffer = undefined;
  const received = await receive(client, accepted);
  t.equal(received.sha, sha(sent));
  t.notOk(received.isFixed);
});

void t.test('a small upload needs no buffer', async (t) => {
  const { client, accepted } = await loopbackPair(t);
  const reads = new ClientReads(accepted, () => true);
  accepted.resume();
  client.end(randomBytes(100_000));
  await once(accepted, 'end');
  t.notOk(reads.isFixed);
});
