import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import t from 'tap';
import { connectRequestOf } from '../../../src/proxy/inbound/connect.ts';
import type { ConnectRequest } from '../../../src/proxy/inbound/connect.ts';
import { readConnectHead } from '../../../src/proxy/inbound/connect-head.ts';

const read = (text: string) => readConnectHead(Buffer.from(text, 'latin1'));

void t.test('the heads that clients send', async (t) => {
  const go = 'CONNECT db:5432 HTTP/1.1\r\nHost: db:5432\r\nUser-Agent: Go-http-client/1.1\r\n\r\n';
  t.match(read(`${go}\u0016\u0003`), { target: 'db:5432', used: go.length });
  t.equal(read(go)?.proxyAuthorization, undefined);
  t.match(
    read(
      'CONNECT [fd7a::1]:443 HTTP/1.1\r\nHost: [fd7a::1]:443\r\nProxy-Authorization:  Basic eDp5 \r\n' +
        'User-Agent: curl/8\r\nProxy-Connection: Keep-Alive\r\n\r\n',
    ),
    { target: '[fd7a::1]:443', proxyAuthorization: 'Basic eDp5' },
  );
  t.match(read('CONNECT db:5432 HTTP/1.0\r\n\r\n'), { target: 'db:5432' });
});

void t.test('what is written in any other way is left to node', async (t) => {
  const line = 'CONNECT db:1 HTTP/1.1\r\n';
  for (const [what, text] of Object.entries({
    'another method': 'GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n',
    'a head that is not whole': `${line}Host: db\r\n`,
    'lower case': 'connect db:1 HTTP/1.1\r\n\r\n',
    'two spaces': 'CONNECT  db:1 HTTP/1.1\r\n\r\n',
    'a tab': 'CONNECT\tdb:1 HTTP/1.1\r\n\r\n',
    'a space at the end': 'CONNECT db:1 HTTP/1.1 \r\n\r\n',
    'another version': 'CONNECT db:1 HTTP/2.0\r\n\r\n',
    'a target with a path': 'CONNECT db:1/x HTTP/1.1\r\n\r\n',
    'a target with userinfo': 'CONNECT u@db:1 HTTP/1.1\r\n\r\n',
    'bare line feeds': 'CONNECT db:1 HTTP/1.1\nHost: db\n\r\n\r\n',
    'a line feed in a value': `${line}Host: db\nX: y\r\n\r\n`,
    'a folded field': `${line}Host: db\r\n folded\r\n\r\n`,
    'a space before the colon': `${line}Host : db\r\n\r\n`,
    'a line without a colon': `${line}Host\r\n\r\n`,
    'an empty name': `${line}: db\r\n\r\n`,
    'a NUL': `${line}Host: d\0b\r\n\r\n`,
    'a length': `${line}Content-Length: 0\r\n\r\n`,
    'a coding': `${line}transfer-encoding: chunked\r\n\r\n`,
    'an upgrade': `${line}Upgrade: x\r\nConnection: upgrade\r\n\r\n`,
    'an expectation': `${line}Expect: 100-continue\r\n\r\n`,
    'two hosts': `${line}Host: a\r\nhost: b\r\n\r\n`,
    'two authorizations': `${line}Proxy-Authorization: a\r\nproxy-authorization: b\r\n\r\n`,
    'a long head': `${line}X: ${'y'.repeat(9000)}\r\n\r\n`,
    SOCKS: '\u0005\u0001\0',
    TLS: '\u0016\u0003\u0001',
    nothing: '',
  })) {
    t.equal(read(text), undefined, what);
  }
});

/** Texts near to a head: whole ones, and ones with something odd put in somewhere. */
const nearHeads = fc
  .tuple(
    fc.constantFrom('CONNECT', 'CONNECT', 'CONNECT', 'connect', 'GET', 'CONNECT '),
    fc.constantFrom(
      'db:1',
      'a.b-c:443',
      '[::1]:80',
      '[fd7a::1]:22',
      'DB:1',
      '~x:9',
      'db',
      ':',
      '*',
    ),
    fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2.0', 'http/1.1'),
    fc.array(
      fc.tuple(
        fc.constantFrom(
          'Host',
          'X-A',
          'User-Agent',
          'Proxy-Authorization',
          'Connection',
          'x',
          'TE',
        ),
        fc.constantFrom(':', ': ', ':  ', ':\t', ' :', ''),
        fc.oneof(
          fc.constantFrom(
            'db:1',
            'Basic eDp5',
            'close',
            'keep-alive',
            'é\u00FF',
            '',
            ' x ',
            'a\tb',
          ),
          fc.string({ unit: 'binary-ascii', maxLength: 6 }),
        ),
      ),
      { maxLength: 4 },
    ),
    fc.constantFrom('\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r'),
    fc.constantFrom('', '', '\u0016\u0003\u0001', 'GET / HTTP/1.1\r\n\r\n'),
  )
  .map(([method, target, version, fields, eol, rest]) => {
    const lines = [`${method} ${target} ${version}`, ...fields.map((field) => field.join(''))];
    return Buffer.from(`${lines.join(eol)}${eol}\r\n${rest}`, 'latin1');
  });

void t.test('what is read here, node:http reads so too', async (t) => {
  const server = createServer({ insecureHTTPParser: false, requireHostHeader: false });
  let seen = Promise.withResolvers<ConnectRequest & { rest: string }>();
  server.on('connect', (request, socket, rest) => {
    seen.resolve({ ...connectRequestOf(request), rest: rest.toString('latin1') });
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(nearHeads, async (bytes) => {
      const head = readConnectHead(bytes);
      if (head === undefined) return;
      compared += 1;
      seen = Promise.withResolvers();
      const client = connect(port, '127.0.0.1');
      client.on('error', () => {});
      client.end(bytes);
      const closed = once(client, 'close').then(() => undefined);
      client.resume();
      const request = await Promise.race([seen.promise, closed]);
      const rest = bytes.toString('latin1', head.used);
      const { target, proxyAuthorization } = head;
      const expected = { target, proxyAuthorization, ambiguity: undefined, rest };
      if (JSON.stringify(request) !== JSON.stringify(expected)) {
        throw new Error(`${JSON.stringify(request)} is not ${JSON.stringify(expected)}`);
      }
    }),
    { numRuns: 20_000 },
  );
  t.ok(compared > 300, `${compared} heads were read by both`);
});

void t.test('any bytes are read or left', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const mutated = Buffer.concat([Buffer.from('CONNECT '), bytes, Buffer.from('\r\n\r\n')]);
      const head = readConnectHead(mutated);
      return head === undefined || head.used <= mutated.length;
    }),
    { numRuns: 5000 },
  );
  t.pass('none threw');
});
