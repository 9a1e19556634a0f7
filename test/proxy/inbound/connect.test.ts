import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { fakeSocks } from '../../support/fake-socks.ts';
import { fakeTailnet } from '../../support/fake-tailnet.ts';
import { tcpOrigin } from '../../support/origins.ts';

void t.test(
  'a CONNECT by short name reaches the node through the SOCKS port by its address',
  async (t) => {
    const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
    const socks = await fakeSocks(t);
    const { httpPort, record } = await startBridge(t, { tailnet: fakeTailnet(socks) });
    const client = await rawClient(httpPort, `CONNECT web:${origin.port} HTTP/1.1\r\n\r\nglued`);
    await client.until(/200 Connection established\r\n\r\nglued$/u);
    client.socket.write(' and more');
    await client.until(/glued and more$/u);
    client.socket.end();

    t.strictSame(socks.asked[0]?.dstAddr, '100.64.0.7');
    const line = await record();
    t.match(line, {
      proto: 'connect',
      method: 'CONNECT',
      host: 'web',
      port: origin.port,
      ip: '100.64.0.7',
      route: 'tailnet',
      peer: 'web.tail1.ts.net',
      nameSource: 'status',
      status: 200,
      error: null,
      bytesUp: 14,
      bytesDown: 14,
      closeReason: 'client_closed',
    });
  },
);

void t.test('a public name is dialled directly', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.end('hello'));
  const { httpPort, record } = await startBridge(t, { names: { 'a.example': ['127.0.0.1'] } });
  const client = await rawClient(httpPort, `CONNECT a.example:${origin.port} HTTP/1.1\r\n\r\n`);
  t.match(await client.rest(), /hello$/u);
  client.socket.end();
  t.match(await record(), {
    route: 'direct',
    nameSource: 'dns',
    ip: '127.0.0.1',
    closeReason: 'origin_closed',
  });
});
