import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import t from 'tap';
import { isOrphan } from '../../../src/proxy/tunnel/orphan.ts';
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

void t.test('a client that half-closes is no orphan, one that closes is', async (t) => {
  const { client, accepted } = await loopbackPair(t);
  client.end();
  await once(accepted, 'end');
  for (let look = 0; look < 3; look += 1) {
    t.equal(await isOrphan(accepted), false);
  }
  client.destroy();
  await waitFor(() => isOrphan(accepted), { what: 'an orphan' });
  t.pass('seen');
});

void t.test('two who ask at the same time are no two looks', async (t) => {
  const accepted = await forgotten(t);
  const three = async (): Promise<boolean[]> =>
    Promise.all([1, 2, 3].map(async () => isOrphan(accepted)));
  t.strictSame(await three(), [false, false, false], 'missed once');
  t.strictSame(await three(), [true, true, true], 'and again');
});

void t.test(
  'a client that closed before its answer came, and reset it, was taken for one that half-closes',
  async (t) => {
    const accepted = await forgotten(t);
    await waitFor(() => isOrphan(accepted), { what: 'an orphan' });
    t.equal(accepted.destroyed, false, 'nothing else tells');
  },
);
