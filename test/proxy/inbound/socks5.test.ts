import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { fakeTailnet } from '../../support/fake-tailnet.ts';
import { tcpOrigin } from '../../support/origins.ts';

const request = (type: number, address: number[], port: number): Buffer =>
  Buffer.from([5, 1, 0, 5, 1, 0, type, ...address, port >> 8, port & 255]);

/** The reply code of RFC 1928 6; the reply must be whole. */
async function replyTo(socksPort: number, bytes: Buffer): Promise<number> {
  const client = await rawClient(socksPort, bytes);
  const received = Buffer.from(await client.rest(), 'latin1');
  client.socket.destroy();
  if (received.length !== 2 + 10) throw new Error(`not a whole reply: ${received.toString('hex')}`);
  return received[3] ?? -1;
}

void t.test('RFC 1928 6: each failure has its reply, and replies are whole', async (t) => {
  const tailnet = fakeTailnet(undefined);
  const { socksPort } = await startBridge(t, { tailnet, deny: '203.0.113.9' });
  const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
  t.equal(await replyTo(socksPort, request(1, [203, 0, 113, 9], 80)), 2, 'denied');
  t.equal(await replyTo(socksPort, request(1, [100, 64, 0, 7], 80)), 3, 'tailnet down');
  t.equal(await replyTo(socksPort, request(3, name('nosuch.example'), 80)), 4, 'no such name');
  t.equal(await replyTo(socksPort, request(1, [127, 0, 0, 1], 1)), 5, 'refused');
  t.equal(
    await replyTo(socksPort, Buffer.from([5, 1, 0, 5, 2, 0, 1, 1, 1, 1, 1, 0, 80])),
    7,
    'BIND',
  );
  t.equal(
    await replyTo(socksPort, Buffer.from([5, 1, 0, 5, 1, 0, 9, 1, 1, 1, 1, 0, 80])),
    8,
    'address type',
  );
  t.equal(await replyTo(socksPort, request(3, name('a b'), 80)), 1, 'no host');
  t.equal(await replyTo(socksPort, request(1, [127, 0, 0, 1], 0)), 1, 'port 0');
});

void t.test('RFC 1929: with a token the password is asked for', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
  const bridge = await startBridge(t, { proxyToken: 'secret' });
  const target = request(1, [127, 0, 0, 1], origin.port).subarray(3);
  const right = await rawClient(bridge.socksPort, Buffer.from([5, 2, 0, 2]));
  right.socket.write(Buffer.concat([Buffer.from([1, 1, 97, 6]), Buffer.from('secret'), target]));
  right.socket.write('in');
  t.equal(
    Buffer.from(await right.until(/in$/u), 'latin1')
      .toString('hex')
      .slice(0, 8),
    '05020100',
  );
  right.socket.end();
  const wrong = await rawClient(bridge.socksPort, Buffer.from([5, 1, 2, 1, 1, 97, 1, 98]));
  t.equal(Buffer.from(await wrong.rest(), 'latin1').toString('hex'), '05020101');
  const none = await rawClient(bridge.socksPort, Buffer.from([5, 1, 0]));
  t.equal(Buffer.from(await none.rest(), 'latin1').toString('hex'), '05ff');
  await bridge.record(2);
  t.equal(bridge.records.filter(({ status }) => status === 407).length, 2);
});

void t.test('what is not SOCKS5 is closed and logged; silence is closed and not', async (t) => {
  const { socksPort, record, records } = await startBridge(t, { headerTimeoutMs: 200 });
  const http = await rawClient(socksPort, 'GET / HTTP/1.1\r\n\r\n');
  t.equal(await http.rest(), '');
  t.match(await record(), { proto: 'socks5', status: 400, error: 'http_request_error' });
  const silent = await rawClient(socksPort);
  t.equal(await silent.rest(), '');
  const slow = await rawClient(socksPort, Buffer.from([5]));
  t.equal(await slow.rest(), '');
  t.match(await record(1), { status: 408 });
  t.equal(records.length, 2);
});
