import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { httpOrigin } from '../../support/origins.ts';
import { fakeSocks } from '../../support/fake-socks.ts';
import { fakeTailnet } from '../../support/fake-tailnet.ts';

void t.test('an absolute-form GET is forwarded in origin-form', async (t) => {
  const origin = await httpOrigin(t, (request, response) => {
    response.end(JSON.stringify({ url: request.url, raw: request.rawHeaders }));
  });
  const tailnet = fakeTailnet(await fakeSocks(t));
  const { httpPort, record } = await startBridge(t, { tailnet });
  const client = await rawClient(
    httpPort,
    `GET http://web:${origin.port}/a?b HTTP/1.1\r\nHost: other\r\nX-A: 1\r\nProxy-Connection: x\r\n\r\n`,
  );
  const text = await client.until(/\}/u);
  t.match(text, /^HTTP\/1.1 200 OK/u);
  const { url, raw } = JSON.parse(/\{.*\}/u.exec(text)?.[0] ?? '') as {
    url: string;
    raw: string[];
  };
  t.equal(url, '/a?b');
  const fields = new Map(
    raw.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), raw[at + 1]]] : [])),
  );
  t.equal(raw.length, fields.size * 2, 'no field comes twice');
  t.equal(fields.get('host'), `web:${origin.port}`, 'not what the client wrote into Host');
  t.equal(fields.get('x-a'), '1');
  t.notOk(fields.has('proxy-connection'));
  t.match(await record(), { proto: 'http', method: 'GET', status: 200, route: 'tailnet' });
  client.socket.write(`GET http://web:${origin.port}/c HTTP/1.1\r\nHost: other\r\n\r\n`);
  await client.until(/"url":"\/c"/u);
  t.equal(origin.accepted.count, 1, 'the connection to the origin is used again');
  client.socket.destroy();
});
