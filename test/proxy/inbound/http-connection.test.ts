import { once } from 'node:events';
import { connect } from 'node:net';
import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { httpOrigin, tcpOrigin } from '../../support/origins.ts';

const page = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n';

/** A whole round through the bridge: what was sent to it before has been read by then. */
async function round(port: number): Promise<void> {
  await (await rawClient(port, page)).rest();
}

void t.test('a CONNECT whose head comes in pieces is served all the same', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.end('hello'));
  const { httpPort, record } = await startBridge(t);
  const client = await rawClient(httpPort, 'CONN');
  await round(httpPort);
  client.socket.write(`ECT 127.0.0.1:${origin.port} HTTP/1.1\r\nHo`);
  await round(httpPort);
  client.socket.write('st: x\r\n\r\n');
  t.match(await client.rest(), /^HTTP\/1\.1 200 [^\r]*\r\n\r\nhello$/u);
  client.socket.end();
  t.match(await record(), { proto: 'connect', status: 200 });
});

void t.test('several requests on a connection, and a CONNECT as the last of them', async (t) => {
  const origin = await httpOrigin(t, (_request, response) => response.end('one'));
  const { httpPort } = await startBridge(t);
  const target = `127.0.0.1:${origin.port}`;
  const get = `GET http://${target}/ HTTP/1.1\r\nHost: ${target}\r\n\r\n`;
  const client = await rawClient(httpPort, get + get);
  await client.until(/one[\s\S]*one/u);
  client.socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n${page}`);
  t.match(await client.rest(), /one[\s\S]*one[\s\S]* 200 Connection established[\s\S]*one$/u);
});

void t.test('a connection without a word ends with the bridge, or with its client', async (t) => {
  const { httpPort, bridge, records } = await startBridge(t);
  const ending = connect({ port: httpPort, host: '127.0.0.1', allowHalfOpen: true });
  await once(ending, 'connect');
  ending.end().resume();
  await once(ending, 'end');
  const silent = connect(httpPort, '127.0.0.1').resume();
  await once(silent, 'connect');
  await round(httpPort);
  const closed = once(silent, 'close');
  t.equal(await bridge.drain(AbortSignal.timeout(10_000)), 0);
  await closed;
  t.same(records, []);
});
