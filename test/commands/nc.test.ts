import { Buffer } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { startBridge, type TestBridgeOptions } from '../support/bridge.ts';
import { cli, startCli } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';
import { tcpOrigin } from '../support/origins.ts';
import { standInSupervisor } from '../support/stand-in-supervisor.ts';

/** A real bridge that knows `db` as an origin of the test, and a supervisor that tells where it listens. */
async function world(t: Test, handle: (socket: Socket) => void, options: TestBridgeOptions = {}) {
  const origin = await tcpOrigin(t, handle);
  const bridge = await startBridge(t, { names: { db: ['127.0.0.1'] }, ...options });
  const listeners = { http: `127.0.0.1:${bridge.httpPort}`, socks5: null };
  const { env } = await standInSupervisor(t, { status: { listeners } });
  return { bridge, env, origin, args: ['nc', 'db', String(origin.port)] };
}

void t.test('nc joins stdin and stdout to the destination', async (t) => {
  const { args, env, bridge, origin } = await world(t, (socket) => socket.pipe(socket));
  const result = await cli(args, { env, input: 'hello\n' });
  t.match(result, { code: 0, stdout: 'hello\n', stderr: '' });
  t.match(await bridge.record(), {
    proto: 'connect',
    host: 'db',
    port: origin.port,
    bytesUp: 6,
    bytesDown: 6,
  });
});

void t.test('the end of stdin reaches the destination, whose answer still comes', async (t) => {
  const { args, env } = await world(t, (socket) => {
    let received = '';
    socket.on('data', (chunk) => (received += String(chunk)));
    socket.on('end', () => socket.end(`got ${received}`));
  });
  t.match(await cli(args, { env, input: 'all of it' }), { code: 0, stdout: 'got all of it' });
});

void t.test(
  'the end of the destination reaches stdout while stdin is open; what is sent then still arrives',
  async (t) => {
    const received = Promise.withResolvers<string>();
    const { args, env } = await world(t, (socket) => {
      socket.end('bye');
      void text(socket).then(received.resolve);
    });
    const child = startCli(t, args, env);
    t.equal(await text(child.stdout), 'bye', 'stdout is at its end');
    t.equal(child.exitCode, null, 'and nc still runs');
    child.stdin.end('late words');
    t.equal(await received.promise, 'late words');
    t.same(await once(child, 'exit'), [0, null]);
  },
);

void t.test('a destination that talks first is heard', async (t) => {
  const { args, env } = await world(t, (socket) => socket.end('SSH-2.0-test\r\n'));
  t.match(await cli(args, { env, input: '' }), { code: 0, stdout: 'SSH-2.0-test\r\n' });
});

void t.test('64 MB each way arrive whole', async (t) => {
  const block = randomBytes(1 << 20);
  const count = 64;
  const expected = createHash('sha256');
  for (let at = 0; at < count; at++) expected.update(block);
  const { args, env } = await world(t, (socket) => socket.pipe(socket));
  const child = startCli(t, args, env);
  const startedMs = performance.now();
  const writing = (async () => {
    for (let at = 0; at < count; at++)
      if (!child.stdin.write(block)) await once(child.stdin, 'drain');
    child.stdin.end();
  })();
  const back = createHash('sha256');
  let bytes = 0;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    back.update(chunk);
    bytes += chunk.length;
  }
  await writing;
  t.comment(
    `${(bytes / 1e6 / ((performance.now() - startedMs) / 1000)).toFixed(0)} MB/s there and back`,
  );
  t.equal(bytes, count << 20);
  t.equal(back.digest('hex'), expected.digest('hex'));
});

void t.test('what the bridge refuses is said on stderr, exit 1', async (t) => {
  const { env } = await world(t, () => {}, {
    deny: 'evil.example',
    names: { db: ['127.0.0.1'], 'evil.example': ['192.0.2.1'] },
  });
  const denied = await cli(['nc', 'evil.example', '443'], { env, input: '' });
  t.match(denied, {
    code: 1,
    stdout: '',
    stderr: /^spacetail nc: evil\.example:443 is denied: .*SPACETAIL_DENY\[0\]/,
  });
  t.match(await cli(['nc', 'nowhere.tail1.ts.net', '22'], { env, input: '' }), {
    code: 1,
    stderr: /nowhere\.tail1\.ts\.net/,
  });
  t.match(await cli(['nc', 'db', String(await freePort())], { env, input: '' }), {
    code: 1,
    stderr: /refused/,
  });
});

void t.test('a connection that breaks is exit 1', async (t) => {
  const { args, env } = await world(t, (socket) =>
    socket.once('data', () => socket.resetAndDestroy()),
  );
  const child = startCli(t, args, env);
  child.stdin.write('x');
  const stderr = text(child.stderr);
  t.same(await once(child, 'exit'), [1, null]);
  t.match(await stderr, /the connection broke/);
});

void t.test('a signal ends it', async (t) => {
  const { args, env } = await world(t, (socket) => socket.write('up'));
  const child = startCli(t, args, env);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  t.same((await once(child, 'exit'))[0], 1);
});

void t.test('the token comes from its variable or from the proxy URL that env made', async (t) => {
  const { args, env, bridge } = await world(t, (socket) => socket.end('in'), {
    proxyToken: 's3cret/+',
  });
  t.match(await cli(args, { env: { ...env, SPACETAIL_PROXY_TOKEN: 's3cret/+' }, input: '' }), {
    code: 0,
    stdout: 'in',
  });
  const HTTP_PROXY = `http://spacetail:${encodeURIComponent('s3cret/+')}@127.0.0.1:${bridge.httpPort}`;
  t.match(await cli(args, { env: { ...env, HTTP_PROXY }, input: '' }), { code: 0, stdout: 'in' });
  const without = await cli(args, { env, input: '' });
  t.match(without, { code: 1, stdout: '' });
  t.notMatch(without.stderr, /s3cret/);
});

void t.test(
  'IPv6 destinations are asked for in brackets, with or without them on the command line',
  async (t) => {
    const { env, bridge } = await world(t, () => {});
    await cli(['nc', '2001:db8::1', '22'], { env: { ...env }, input: '', timeoutMs: 8000 });
    await cli(['nc', '[2001:db8::1]', '22'], { env: { ...env }, input: '', timeoutMs: 8000 });
    t.match(await bridge.record(0), { host: '2001:db8::1', port: 22 });
    t.match(await bridge.record(1), { host: '2001:db8::1', port: 22 });
  },
);

void t.test(
  'malformed arguments are exit 2, nothing up is exit 1, junk on the port is said',
  async (t) => {
    const { env } = await standInSupervisor(t, {
      status: { listeners: { http: `127.0.0.1:${await freePort()}`, socks5: null } },
    });
    for (const args of [
      ['db', '0'],
      ['db', '65536'],
      ['db', 'ssh'],
      ['a b', '22'],
      ['a/b', '22'],
    ]) {
      t.match(await cli(['nc', ...args], { env }), { code: 2 }, args.join(' '));
    }
    t.match(await cli(['nc', 'db', '22'], { env, input: '' }), {
      code: 1,
      stderr: /nothing answers on 127\.0\.0\.1/,
    });
    const junk = createServer((socket) => socket.end('HELLO\r\n\r\n'));
    junk.listen(0, '127.0.0.1');
    await once(junk, 'listening');
    t.teardown(() => junk.close());
    const http = `127.0.0.1:${(junk.address() as AddressInfo).port}`;
    const other = await standInSupervisor(t, { status: { listeners: { http, socks5: null } } });
    t.match(await cli(['nc', 'db', '22'], { env: other.env, input: '' }), { code: 1 });
  },
);

void t.test('bytes behind the answer head are not lost', async (t) => {
  const server = createServer((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nearly'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const http = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { env } = await standInSupervisor(t, { status: { listeners: { http, socks5: null } } });
  const child = startCli(t, ['nc', 'db', '22'], env);
  child.stdin.end();
  t.equal((await buffer(child.stdout)).toString(), 'early');
});
