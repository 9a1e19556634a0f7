/** Requests in absolute form (RFC 9112 3.2.2): heads, framing, Expect. */
import { httpOrigin, tcpOrigin } from '../../support/origins.ts';
import { ask, get, oldGet, post, rawOrigin } from '../ask.ts';
import type { WireCase } from '../wire-case.ts';

const ambiguous: [what: string, head: string, body: string][] = [
  ['both lengths', 'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ['both, other order', 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', '0\r\n\r\n'],
  ['two lengths', 'Content-Length: 4\r\nContent-Length: 5\r\n', 'abcd'],
  ['two equal lengths', 'Content-Length: 4\r\nContent-Length: 4\r\n', 'abcd'],
  ['a list of lengths', 'Content-Length: 4, 4\r\n', 'abcd'],
  ['a signed length', 'Content-Length: +4\r\n', 'abcd'],
  ['a negative length', 'Content-Length: -4\r\n', 'abcd'],
  ['a hexadecimal length', 'Content-Length: 0x4\r\n', 'abcd'],
  ['a huge length', `Content-Length: ${'9'.repeat(30)}\r\n`, 'abcd'],
  ['an unknown coding', 'Transfer-Encoding: gzip\r\n', 'abcd'],
  ['chunked not last', 'Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n'],
  ['two codings', 'Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'],
  ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
  ['a space before the colon', 'Transfer-Encoding : chunked\r\n', '0\r\n\r\n'],
  ['a tab in the coding', 'Transfer-Encoding: \u000Bchunked\r\n', '0\r\n\r\n'],
  ['obs-fold (RFC 9112 5.2)', 'X: a\r\n b\r\n', ''],
  ['NUL in a value', 'X: a\u0000b\r\n', ''],
  ['a bare LF in the head', 'X: a\nContent-Length: 4\r\n', 'abcd'],
  ['a bare CR in the head', 'X: a\rb\r\n', ''],
  ['a field without a name', ': a\r\n', ''],
  ['a field without a colon', 'abc\r\n', ''],
  ['two Hosts (RFC 9112 3.2)', 'Host: y\r\n', ''],
];

export const requestCases: WireCase[] = [
  {
    title: 'a request goes on in origin form, and a second one by the same connection',
    run: async (t, way) => {
      let raw: string[] = [];
      const origin = await httpOrigin(t, (request, response) => {
        raw = request.rawHeaders;
        response.end(`[${request.url}]`);
      });
      const client = await ask(
        way,
        get(way, origin.port, 'X-A: 1\r\nProxy-Connection: x\r\n', '/a?b'),
      );
      t.match(await client.until(/\[.*\]/u), /^HTTP\/1\.1 200 OK[^]*\[\/a\?b\]$/u);
      const fields = new Map(
        raw.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), raw[at + 1]]] : [])),
      );
      t.equal(raw.length, fields.size * 2, 'no field comes twice');
      t.equal(fields.get('host'), `${way.host}:${origin.port}`);
      t.equal(fields.get('x-a'), '1');
      t.notOk(fields.has('proxy-connection'));
      t.match(await way.record(), { proto: 'http', method: 'GET', status: 200, error: null });
      client.socket.write(get(way, origin.port, '', '/c'));
      await client.until(/\[\/c\]$/u);
      t.equal(origin.accepted.count, 1, 'the connection to the origin is used again');
      client.socket.destroy();
    },
  },
  {
    title:
      'RFC 9112 6.1: a request with an ambiguous head is 400, closed and logged, and reaches nobody',
    run: async (t, way) => {
      const origin = await rawOrigin(t, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      for (const [index, [what, head, body]] of ambiguous.entries()) {
        const client = await ask(way, post(way, origin.port, head, body));
        const text = await client.rest();
        t.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/u, what);
        t.match(text, /Proxy-Status: spacetail; error=http_request_error; details="/u, what);
        t.match(text, /Connection: close/iu, what);
        const line = { status: 400, error: 'http_request_error', route: 'deny', proto: 'http' };
        t.match(await way.record(index), line, what);
        client.socket.destroy();
      }
      t.equal(way.records().length, ambiguous.length);
      t.equal(origin.accepted.count, 0);
    },
  },
  {
    title: 'RFC 9112 7.1: malformed chunks never complete a request',
    run: async (t, way) => {
      const bodies = [
        'x\r\n',
        '5\r\nabc\r\n0\r\n\r\n',
        '-1\r\n',
        'fffffffffffffffff\r\n',
        '3\nabc\n0\n\n',
        '3;a=\u0000\r\nabc\r\n0\r\n\r\n',
      ];
      const completed: (string | undefined)[] = [];
      const origin = await httpOrigin(t, (request, response) => {
        request.resume();
        request.on('end', () => {
          completed.push(request.url);
          response.end();
        });
      });
      for (const [index, body] of bodies.entries()) {
        const client = await ask(
          way,
          post(way, origin.port, 'Transfer-Encoding: chunked\r\n', body),
        );
        await client.rest();
        t.strictSame(completed, [], JSON.stringify(body));
        await way.record(index);
        client.socket.destroy();
      }
    },
  },
  {
    title: 'RFC 9112 2.2, 3: a request line that is none is refused',
    run: async (t, way) => {
      const lines = [
        'GET',
        'GET http://x/ HTTP/3.0',
        'GET http://x/',
        'get http://x/ HTTP/1.1 x',
        'G\u0000T http://x/ HTTP/1.1',
        'GET ftp://x/ HTTP/1.1',
        'GET x HTTP/1.1',
        'GET * HTTP/1.1',
      ];
      for (const [index, line] of lines.entries()) {
        const client = await ask(way, `${line}\r\nHost: x\r\n\r\n`);
        t.match(await client.until(/\r\n\r\n/u), /^HTTP\/1\.1 400 /u, line);
        t.match(await way.record(index), { status: 400, error: 'http_request_error' }, line);
        client.socket.destroy();
      }
    },
  },
  {
    title: 'RFC 9112 3.2: HTTP/1.1 without Host is refused, HTTP/1.0 may leave it out',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (request, response) => response.end(request.headers.host));
      const target = `http://${way.host}:${origin.port}/`;
      const without = await ask(way, `GET ${target} HTTP/1.1\r\n\r\n`);
      t.match(await without.rest(), /^HTTP\/1\.1 400 /u);
      const old = await ask(way, `GET ${target} HTTP/1.0\r\n\r\n`);
      const text = await old.rest();
      t.match(text, /^HTTP\/1\.1 200 OK/u);
      t.ok(text.endsWith(`\r\n\r\n${way.host}:${origin.port}`), text);
    },
  },
  {
    title: 'RFC 9112 3.2.2: a Host that is not the target is replaced, on the wire too',
    run: async (t, way) => {
      const origin = await rawOrigin(t, 'HTTP/1.1 204 No Content\r\n\r\n');
      const at = `${way.host}:${origin.port}`;
      const client = await ask(
        way,
        `GET http://user:secret@${at}/a HTTP/1.1\r\nHost: evil.example\r\nX-Case: Kept\r\n\r\n`,
      );
      await client.until(/204 No Content/u);
      t.match(origin.got[0], /^GET \/a HTTP\/1\.1\r\n/u);
      t.match(origin.got[0]?.toLowerCase(), `host: ${at}`);
      t.notMatch(origin.got[0], /evil|secret|user/u);
      t.match(origin.got[0], 'X-Case: Kept\r\n');
      client.socket.destroy();
    },
  },
  {
    title:
      'RFC 9110 7.6.1: hop-by-hop fields and those that Connection names are dropped both ways',
    run: async (t, way) => {
      const origin = await rawOrigin(
        t,
        'HTTP/1.1 200 OK\r\nConnection: X-Secret\r\nX-Secret: 1\r\nProxy-Authenticate: Basic\r\nKeep-Alive: timeout=9\r\nSet-Cookie: a\r\nset-cookie: b\r\nContent-Length: 2\r\n\r\nok',
      );
      const client = await ask(
        way,
        get(
          way,
          origin.port,
          'Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\nProxy-Authorization: Basic eDp5\r\nX-End: 2\r\n',
        ),
      );
      const text = await client.until(/ok$/u);
      t.notMatch(origin.got[0], /x-hop|proxy-authorization/iu);
      t.match(origin.got[0], /X-End: 2/u);
      t.match(origin.got[0], /Via: 1\.1 spacetail/u);
      t.notMatch(text, /x-secret|proxy-authenticate|timeout=9/iu);
      t.match(text, /Set-Cookie: a\r\nset-cookie: b/u, 'repetition, order and case are kept');
      client.socket.destroy();
    },
  },
  {
    title:
      'RFC 9110 10.1.1: a client that expects 100 is told to go on once the origin is connected',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (request, response) => {
        request.pipe(response);
      });
      const client = await ask(
        way,
        post(way, origin.port, 'Expect: 100-continue\r\nContent-Length: 5\r\n', ''),
      );
      await client.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/u);
      client.socket.write('hello');
      await client.until(/200 OK[^]*hello/u);
      t.match(await way.record(), { bytesUp: 5, bytesDown: 5 });
      client.socket.destroy();
      const refused = await ask(
        way,
        post(way, 1, 'Expect: 100-continue\r\nContent-Length: 5\r\n', ''),
      );
      const text = await refused.rest();
      t.match(text, /^HTTP\/1\.1 502 [^]*connection: close/iu, 'a refusal instead of the 100');
      const other = await ask(way, post(way, origin.port, 'Expect: something\r\n', ''));
      t.match(await other.until(/\r\n\r\n/u), /^HTTP\/1\.1 417 /u);
      other.socket.destroy();
    },
  },
  {
    title: 'RFC 9110 7.6.2: TRACE and OPTIONS go no further than Max-Forwards lets them',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (request, response) =>
        response.end(`[${String(request.headers['max-forwards'])}]`),
      );
      const asking = (method: string, hops: number): string =>
        get(way, origin.port, `Max-Forwards: ${hops}\r\n`).replace('GET', method);
      const client = await ask(way, asking('TRACE', 0));
      await client.until(/405 Method Not Allowed[^]*\r\n\r\n/u);
      client.socket.write(asking('OPTIONS', 0));
      await client.until(/204 No Content[^]*\r\n\r\n/u);
      t.equal(origin.accepted.count, 0);
      client.socket.write(asking('OPTIONS', 5));
      await client.until(/\[4\]/u);
      client.socket.destroy();
      t.match(await way.record(), { method: 'TRACE', status: 405, error: null });
    },
  },
  {
    title: 'a request that comes byte by byte is understood',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (request, response) => {
        request.pipe(response);
      });
      const client = await ask(way);
      client.socket.setNoDelay(true);
      const bytes = post(
        way,
        origin.port,
        'Transfer-Encoding: chunked\r\n',
        '3\r\nxyz\r\n0\r\n\r\n',
      );
      for (const byte of bytes) {
        client.socket.write(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
      const answer = await client.until(/0\r\n\r\n$/u);
      t.match(answer, /^HTTP\/1.1 200 OK/u);
      const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
      t.equal(body.replaceAll(/[\da-f]*\r\n/gu, ''), 'xyz', 'in how many chunks, nobody promises');
      client.socket.destroy();
    },
  },
  {
    title: 'thousands of fields arrive',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (request, response) =>
        response.end(`[${request.rawHeaders.filter((name) => name === 'x').length}]`),
      );
      origin.server.maxHeadersCount = 0;
      const client = await ask(way, get(way, origin.port, 'x: 1\r\n'.repeat(2500)));
      t.match(await client.until(/\[\d+\]/u), /\[2500\]$/u);
      client.socket.destroy();
    },
  },
  {
    title: 'a request where nobody listens is 502, and the connection stays usable',
    not: { 'upstream proxy': 'that proxy dials, and what it answers is handed on' },
    run: async (t, way) => {
      const client = await ask(way, get(way, 1));
      await client.until(/^HTTP\/1\.1 502 [^]*error=connection_refused[^]*\r\n\r\n[^]*\n$/u);
      const origin = await tcpOrigin(t, (socket) => {
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
      });
      client.socket.write(get(way, origin.port));
      t.match(await client.until(/ok$/u), /200 OK/u);
      client.socket.destroy();
      const old = await ask(way, oldGet(way, 1));
      t.match(await old.rest(), /^HTTP\/1\.1 502 /u);
    },
  },
];
