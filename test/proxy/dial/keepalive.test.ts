/** TCP keepalive, as the kernel has it: timer 2 in the row of a connection (proc_net_tcp.txt of Linux). */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import t from 'tap';
import { openConnection } from '../../../src/proxy/dial/connection.ts';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { fakeSocks } from '../../support/fake-socks.ts';
import { fakeTailnet } from '../../support/fake-tailnet.ts';
import { tcpOrigin } from '../../support/origins.ts';
import { waitFor } from '../../support/wait-for.ts';

const KEEPALIVE = '02';
const hex = (port = 0): string => port.toString(16).toUpperCase().padStart(4, '0');

interface Timer {
  readonly kind: string;
  readonly seconds: number;
}

/** The timer of the connection from one port of 127.0.0.1 to another. */
function timerOf(localPort?: number, remotePort?: number): Timer | undefined {
  const row = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/u))
    .find(([, local, remote]) => {
      return local?.endsWith(`:${hex(localPort)}`) && remote?.endsWith(`:${hex(remotePort)}`);
    });
  const [kind = '', jiffies = ''] = row?.[5]?.split(':') ?? [];
  // USER_HZ is 100 on every Linux.
  return row && { kind, seconds: Number.parseInt(jiffies, 16) / 100 };
}

const isKeptAlive = (timer?: Timer): boolean =>
  timer?.kind === KEEPALIVE && timer.seconds > 0 && timer.seconds <= 15.1;

void t.test('a connection outwards is asked every 15 s whether it is there', async (t) => {
  const origin = await tcpOrigin(t, () => {});
  const { socket } = openConnection({ address: '127.0.0.1', port: origin.port, isFixed: true });
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  await waitFor(() => isKeptAlive(timerOf(socket.localPort, origin.port)), { what: 'the timer' });
  const plain = connect(origin.port, '127.0.0.1');
  t.teardown(() => plain.destroy());
  await once(plain, 'connect');
  await waitFor(() => timerOf(plain.localPort, origin.port)?.kind === '00', { what: 'no timer' });
});

void t.test('an idle tunnel has keepalive on both sides, by each listener and route', async (t) => {
  const origin = await tcpOrigin(t, () => {});
  const socks = await fakeSocks(t);
  const { httpPort, socksPort } = await startBridge(t, { tailnet: fakeTailnet(socks) });
  const head = `CONNECT web:${origin.port} HTTP/1.1\r\nHost: web\r\n\r\n`;
  const request = Buffer.concat([
    Buffer.from([5, 1, 0, 5, 1, 0, 3, 3]),
    Buffer.from('web'),
    Buffer.from([origin.port >> 8, origin.port & 0xff]),
  ]);
  for (const [port, bytes, answer] of [
    [httpPort, head, /200 [^]*\r\n\r\n$/u],
    [socksPort, request, /^[^]{12}$/u],
  ] as const) {
    const client = await rawClient(port, bytes);
    const { socket } = client;
    t.teardown(() => socket.destroy());
    await client.until(answer);
    await waitFor(() => isKeptAlive(timerOf(port, socket.localPort)), { what: 'the client side' });
  }
  const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n');
  const towards = rows.filter((row) =>
    new RegExp(`0100007F:${hex(socks.port)} 01 `, 'u').test(row),
  );
  t.equal(towards.length, 2);
  for (const row of towards) t.match(row, / 02:[\dA-F]{8} /u);
});
