import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import t from 'tap';
import { tcpOrigin } from '../../support/origins.ts';
import { tunnelTo } from '../../support/tunnel-to.ts';
import { waitFor } from '../../support/wait-for.ts';

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

void t.test('32 MiB come back unaltered, both ways at once', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
  const { client, result } = await tunnelTo(t, origin);
  const sent = randomBytes(32 * 1024 * 1024);
  const received = readAll(client);
  client.end(sent);
  t.equal(sha(await received), sha(sent));
  t.match(await result, {
    closeReason: 'client_closed',
    bytesUp: sent.length,
    bytesDown: sent.length,
  });
});

void t.test('a client that reads slowly gets every byte unaltered', async (t) => {
  const sent = randomBytes(8 * 1024 * 1024);
  const origin = await tcpOrigin(t, (socket) => socket.end(sent));
  const { client, result } = await tunnelTo(t, origin);
  const chunks: Buffer[] = [];
  client.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    client.pause();
    setTimeout(() => client.resume(), 1);
  });
  await once(client, 'end');
  client.end();
  t.equal(sha(Buffer.concat(chunks)), sha(sent));
  t.match(await result, { bytesDown: sent.length, closeReason: 'origin_closed' });
});

void t.test('one-byte writes arrive in order', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
  const { client } = await tunnelTo(t, origin);
  const received = readAll(client);
  for (const letter of 'abcdefghijklmnopqrstuvwxyz') client.write(letter);
  client.end();
  t.equal((await received).toString(), 'abcdefghijklmnopqrstuvwxyz');
});

void t.test('the client may end its side and still read the answer', async (t) => {
  const origin = await tcpOrigin(t, (socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => socket.end(`got ${Buffer.concat(chunks).toString()}`));
  });
  const { client, result } = await tunnelTo(t, origin);
  client.end('question');
  t.equal((await readAll(client)).toString(), 'got question');
  t.match(await result, { closeReason: 'client_closed', bytesUp: 8, bytesDown: 12 });
});

void t.test('the origin may end its side and still read', async (t) => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const origin = await tcpOrigin(t, (socket) => {
    socket.end('hello');
    void readAll(socket).then((bytes) => resolve(bytes.toString()));
  });
  const { client, result } = await tunnelTo(t, origin);
  client.resume();
  await once(client, 'end');
  client.end('late');
  t.equal(await promise, 'late');
  t.match(await result, { closeReason: 'origin_closed' });
});

void t.test('bytes that came with the head go first', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
  const { client } = await tunnelTo(t, origin, { clientHead: Buffer.from('head ') });
  client.end('body');
  t.equal((await readAll(client)).toString(), 'head body');
});

void t.test('a held FIN is let go once the origin has ended', async (t) => {
  let originSawEnd = false;
  const origin = await tcpOrigin(t, (socket) => {
    socket.on('end', () => {
      originSawEnd = true;
    });
    socket.on('data', () => {
      // Whoever closes both ways at one EOF would never send this.
      setTimeout(() => {
        t.equal(originSawEnd, false);
        socket.end('late answer');
      }, 100);
    });
  });
  const { client, result } = await tunnelTo(t, origin, { holdClientFin: true });
  client.end('question');
  t.equal((await readAll(client)).toString(), 'late answer');
  t.match(await result, { closeReason: 'client_closed' });
  await waitFor(() => originSawEnd && origin.open.size === 0);
});

void t.test('a held FIN is let go when nobody owns the client side any more', async (t) => {
  const origin = await tcpOrigin(t, (socket) => {
    socket.on('data', () => {});
    socket.on('end', () => socket.end());
  });
  const { client, result } = await tunnelTo(t, origin, { holdClientFin: true });
  client.write('x');
  await waitFor(() => origin.open.size === 1);
  const startedMs = performance.now();
  client.destroy();
  t.match(await result, { closeReason: 'client_closed' });
  t.ok(performance.now() - startedMs < 4000);
  await waitFor(() => origin.open.size === 0);
});

void t.test('an origin that ignores the end of a client that is gone is cut', async (t) => {
  const origin = await tcpOrigin(t, (socket) => {
    socket.resume();
  });
  const { client, result } = await tunnelTo(t, origin);
  client.write('x');
  await waitFor(() => origin.open.size === 1);
  client.destroy();
  t.match(await result, { closeReason: 'client_closed', bytesUp: 1 });
});

void t.test('a reset of the client is mirrored to the origin', async (t) => {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const origin = await tcpOrigin(t, (socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    socket.resume();
  });
  const { client, result } = await tunnelTo(t, origin);
  client.write('x');
  await waitFor(() => origin.open.size === 1);
  client.resetAndDestroy();
  t.match(await result, { closeReason: 'client_reset' });
  t.equal(await promise, 'ECONNRESET');
});

void t.test('a reset of the origin is mirrored to the client', async (t) => {
  const origin = await tcpOrigin(t, (socket) => {
    socket.once('data', () => socket.resetAndDestroy());
  });
  const { client, result } = await tunnelTo(t, origin);
  const failed = once(client, 'error').catch(() => {});
  client.on('error', (error: NodeJS.ErrnoException) => t.equal(error.code, 'ECONNRESET'));
  client.write('x');
  t.match(await result, { closeReason: 'origin_reset' });
  await failed;
  await waitFor(() => client.destroyed);
});

void t.test('a client that never reads is cut, and the origin with it', async (t) => {
  const origin = await tcpOrigin(t, (socket) => {
    const more = (): void => {
      while (socket.write(Buffer.alloc(65_536)));
    };
    socket.on('drain', more);
    more();
  });
  const { client, result } = await tunnelTo(t, origin, { stallTimeoutMs: 300 });
  client.pause();
  t.match(await result, { closeReason: 'client_stalled' });
  await waitFor(() => origin.open.size === 0);
});

void t.test('an origin that never reads is cut, and the client with it', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.pause());
  const { client, result } = await tunnelTo(t, origin, { stallTimeoutMs: 300 });
  const more = (): void => {
    while (!client.destroyed && client.write(Buffer.alloc(65_536)));
  };
  client.on('drain', more);
  more();
  t.match(await result, { closeReason: 'origin_stalled' });
  await waitFor(() => client.destroyed);
});

void t.test('silence is no stall', async (t) => {
  const origin = await tcpOrigin(t, (socket) => {
    setTimeout(() => socket.end('after a while'), 500);
  });
  const { client } = await tunnelTo(t, origin, { stallTimeoutMs: 100 });
  t.equal((await readAll(client)).toString(), 'after a while');
  client.end();
});

void t.test('the signal cuts both sides', async (t) => {
  const origin = await tcpOrigin(t, () => {});
  const controller = new AbortController();
  const { client, result } = await tunnelTo(t, origin, { signal: controller.signal });
  controller.abort();
  t.match(await result, { closeReason: 'drained' });
  await waitFor(() => client.destroyed || client.readableEnded);
});
