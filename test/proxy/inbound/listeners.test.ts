import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { freePort } from '../../support/free-port.ts';
import { httpOrigin } from '../../support/origins.ts';
import { connectBySocksv5 } from '../../support/socksv5-client.ts';

void t.test('both listeners on one address: the first byte tells the protocol', async (t) => {
  const origin = await httpOrigin(t, (_request, response) => response.end('here'));
  const address = { host: '127.0.0.1', port: await freePort() };
  const { bridge, record } = await startBridge(t, { http: address, socks: address });
  t.same(bridge.addresses(), { http: address, socks: address });

  const target = `127.0.0.1:${origin.port}`;
  const close = 'Connection: close\r\n';
  const http = `GET http://${target}/ HTTP/1.1\r\nHost: ${target}\r\n${close}\r\n`;
  t.match(await (await rawClient(address.port, http)).rest(), /^HTTP\/1\.1 200 [^]*here/);
  t.match(await record(0), { proto: 'http', status: 200 });

  const socket = await connectBySocksv5(address.port, { host: '127.0.0.1', port: origin.port });
  socket.write(`GET / HTTP/1.1\r\nHost: ${target}\r\n${close}\r\n`);
  const answer = await socket.resume().toArray();
  t.match(Buffer.concat(answer as Buffer[]).toString(), /^HTTP\/1\.1 200 [^]*here/);
  t.match(await record(1), { proto: 'socks5', status: 200 });
});

void t.test('a client of a shared address that says nothing was kept for ever', async (t) => {
  const address = { host: '127.0.0.1', port: await freePort() };
  await startBridge(t, { http: address, socks: address, headerTimeoutMs: 50 });
  const client = await rawClient(address.port);
  t.type(await client.rest(), 'string', 'its connection ends');
});
