import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import t from 'tap';
import { goneCheck } from '../../../src/proxy/tunnel/half-close.ts';
import { loopbackPair } from '../../support/loopback-pair.ts';
import type { Teardown } from '../../support/teardown.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Accepted from a client that closed before its answer came, and reset it: the kernel has no end of it any more. */
async function forgotten(t: Teardown): Promise<Socket> {
  const { client, accepted, acceptedEnd } = await loopbackPair(t);
  client.destroy();
  await once(accepted, 'end');
  // The kernel answers with a reset, which after the FIN is no error of a read.
  accepted.write('HTTP/1.1 200 Connection established\r\n\r\n');
  await waitFor(() => !readFileSync('/proc/self/net/tcp', 'latin1').includes(acceptedEnd), {
    what: 'a connection that the kernel has forgotten',
  });
  return accepted;
}

void t.test('a client that half-closes is not gone, one that closes is', async (t) => {
  const { client, accepted } = await loopbackPair(t);
  const isGone = goneCheck(accepted);
  client.end();
  await once(accepted, 'end');
  for (let look = 0; look < 3; look += 1) {
    if (await isGone()) t.fail(`gone at look ${look}`);
  }
  client.destroy();
  await waitFor(isGone, { what: 'a client that is known to be gone' });
  t.pass('seen');
});

void t.test('a client that is in no table counts as gone the second time', async (t) => {
  const isGone = goneCheck(await forgotten(t));
  t.equal(await isGone(), false, 'the kernel may leave one out while its table changes');
  t.equal(await isGone(), true);
});

void t.test(
  'a client that closed before its answer came, and reset it, was taken for one that half-closes',
  async (t) => {
    const accepted = await forgotten(t);
    await waitFor(goneCheck(accepted), { what: 'a client that is known to be gone' });
    t.equal(accepted.destroyed, false, 'nothing else tells');
  },
);
