import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import t from 'tap';
import { inboundGuard } from '../../../src/proxy/inbound/inbound-guard.ts';
import type { InboundGuardOptions } from '../../../src/proxy/inbound/inbound-guard.ts';
import type { ClientProcess } from '../../../src/proxy/core/request-record.ts';
import type { Teardown } from '../../support/teardown.ts';

async function accepted(t: Teardown): Promise<Socket> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = (await once(server, 'connection')) as [Socket];
  t.teardown(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  return socket;
}

const program = (pid: number): ClientProcess => ({ pid, exe: '/usr/bin/any', provider: null });

function guard(more: Partial<InboundGuardOptions> & { client?: ClientProcess | null }) {
  const { client = null, ...rest } = more;
  return inboundGuard({
    isOn: true,
    tailnet: {
      inboundPeer: () => Promise.reject(new Error('busy')),
      state: () => ({ kind: 'running' }),
    },
    clientOf: () => Promise.resolve(client),
    ...rest,
  });
}

void t.test('whois fails: a client that is not seen may be a peer and is not let in', async (t) => {
  const socket = await accepted(t);
  t.match(await guard({})(socket), { kind: 'peer_inbound' });
  const failing = guard({ clientOf: () => Promise.reject(new Error('no /proc')) });
  t.match(await failing(socket), { kind: 'peer_inbound' });
});

void t.test('whois fails: tailscaled, our child, is not let in; other programs are', async (t) => {
  const socket = await accepted(t);
  const wrapper = spawn('sh', ['-c', 'sleep 60 & echo $!; wait']);
  const [line] = (await once(wrapper.stdout, 'data')) as [Buffer];
  const grandchild = Number(line.toString());
  t.teardown(() => {
    process.kill(grandchild);
    wrapper.kill();
  });
  for (const pid of [wrapper.pid ?? 0, grandchild]) {
    t.match(await guard({ client: program(pid) })(socket), { kind: 'peer_inbound' }, `${pid}`);
  }
  t.equal(await guard({ client: program(process.ppid) })(socket), undefined);
  t.equal(await guard({ client: program(1) })(socket), undefined);
});

void t.test('whois fails: a tailscaled that is gone forwards nobody', async (t) => {
  const tailnet = {
    inboundPeer: () => Promise.reject(new Error('ECONNREFUSED')),
    state: () => ({ kind: 'down', detail: 'tailscaled ended' }) as const,
  };
  t.equal(await guard({ tailnet })(await accepted(t)), undefined);
});

void t.test(
  'whois is asked once for each connection, and not at all with shields up',
  async (t) => {
    let asked = 0;
    const tailnet = {
      inboundPeer: async () => {
        asked += 1;
        return undefined;
      },
      state: () => ({ kind: 'running' }) as const,
    };
    const socket = await accepted(t);
    const on = guard({ tailnet });
    await Promise.all([on(socket), on(socket)]);
    t.equal(asked, 1);
    t.equal(await guard({ tailnet, isOn: false })(socket), undefined);
    t.equal(asked, 1);
  },
);
