import '../tailnet/inside.ts';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { goneCheck } from '../../src/proxy/tunnel/half-close.ts';
import { loopbackPair } from '../support/loopback-pair.ts';
import { waitFor } from '../support/wait-for.ts';

void t.test(
  'regression: tunnels of clients that had closed piled up where the kernel keeps no closed connections',
  async (t) => {
    writeFileSync('/proc/sys/net/ipv4/tcp_max_tw_buckets', '0');
    const { client, accepted, clientEnd } = await loopbackPair(t);
    const rows = (): string => readFileSync('/proc/self/net/tcp', 'latin1');
    t.ok(rows().includes(clientEnd));
    client.destroy();
    await once(accepted, 'end');
    await waitFor(() => !rows().includes(clientEnd), { what: 'a client that is in no table' });
    await waitFor(goneCheck(accepted), { what: 'a client that is known to be gone' });
    t.equal(accepted.destroyed, false, 'nothing else tells');
  },
);
