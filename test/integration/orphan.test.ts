import '../tailnet/inside.ts';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import t from 'tap';
import { isOrphan } from '../../src/proxy/tunnel/orphan.ts';
import { waitFor } from '../support/wait-for.ts';

void t.test(
  'regression: tunnels of clients that had closed piled up where the kernel keeps no closed connections',
  async (t) => {
    writeFileSync('/proc/sys/net/ipv4/tcp_max_tw_buckets', '0');
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    const [accepted] = (await once(server, 'connection')) as [Socket];
    accepted.on('error', () => {}).resume();
    t.teardown(() => {
      accepted.destroy();
      server.close();
    });
    const hex = (port = 0): string => port.toString(16).toUpperCase().padStart(4, '0');
    const clientEnd = `:${hex(accepted.remotePort)} 0100007F:${hex(port)} `;
    const rows = (): string => readFileSync('/proc/self/net/tcp', 'latin1');
    t.ok(rows().includes(clientEnd));
    client.destroy();
    await once(accepted, 'end');
    await waitFor(() => !rows().includes(clientEnd), { what: 'a client that is in no table' });
    await waitFor(() => isOrphan(accepted), { what: 'an orphan', deadlineMs: 5000 });
    t.equal(accepted.destroyed, false, 'nothing else tells');
  },
);
