import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import t from 'tap';
import { isOrphan } from '../../../src/proxy/tunnel/orphan.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { Teardown } from '../../support/teardown.ts';

/** Both ends of a loopback connection that lets either half be closed. */
async function pair(t: Teardown): Promise<{ client: Socket; accepted: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const [accepted] = (await once(server, 'connection')) as [Socket];
  accepted.on('error', () => {}).resume();
  t.teardown(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  return { client, accepted };
}

void t.test('a client that half-closes is no orphan, one that closes is', async (t) => {
  const { client, accepted } = await pair(t);
  client.end();
  await once(accepted, 'end');
  for (let look = 0; look < 3; look += 1) {
    t.equal(await isOrphan(accepted), false);
    // Longer than a reading serves.
    await new Promise((resolve) => {
      setTimeout(resolve, 550);
    });
  }
  client.destroy();
  await waitFor(() => isOrphan(accepted), { what: 'an orphan' });
  t.pass('seen');
});

void t.test(
  'a client that closed before its answer came, and reset it, was taken for one that half-closes',
  async (t) => {
    const { client, accepted } = await pair(t);
    const hex = (port = 0): string => port.toString(16).toUpperCase().padStart(4, '0');
    const own = `:${hex(accepted.localPort)} 0100007F:${hex(accepted.remotePort)} `;
    client.destroy();
    await once(accepted, 'end');
    // The kernel answers with a reset, which after the FIN is no error of a read.
    accepted.write('HTTP/1.1 200 Connection established\r\n\r\n');
    await waitFor(() => !readFileSync('/proc/self/net/tcp', 'latin1').includes(own), {
      what: 'a connection that the kernel has forgotten',
    });
    await waitFor(() => isOrphan(accepted), { what: 'an orphan', deadlineMs: 5000 });
    t.equal(accepted.destroyed, false, 'nothing else tells');
  },
);
