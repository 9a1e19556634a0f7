import type { Socket } from 'node:net';
import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { tcpOrigin } from '../../support/origins.ts';
import { tunnelTo } from '../../support/tunnel-to.ts';
import { waitFor } from '../../support/wait-for.ts';

t.setTimeout(120_000);

/** The stall limit is minutes. */
const WITHIN_MS = 15_000;

/** Writes until nothing more is taken. */
async function fill(client: Socket): Promise<void> {
  let writtenAtMs = performance.now();
  const more = (): void => {
    writtenAtMs = performance.now();
    while (client.write(Buffer.alloc(65_536)));
  };
  client.on('drain', more);
  more();
  await waitFor(() => performance.now() - writtenAtMs > 300, { what: 'an upload that stands' });
  client.off('drain', more);
}

for (const how of ['closes', 'resets'] as const) {
  void t.test(
    `an upload that stands still kept its connections for minutes when its client ${how}`,
    async (t) => {
      const origin = await tcpOrigin(t, (socket) => socket.pause());
      const { client, result } = await tunnelTo(t, origin, { stallTimeoutMs: 300_000 });
      await fill(client);
      const startedMs = performance.now();
      if (how === 'resets') client.resetAndDestroy();
      else client.destroy();
      t.match(await result, { closeReason: 'client_closed' });
      t.ok(performance.now() - startedMs < WITHIN_MS);
    },
  );
}

void t.test('a forwarded upload that stands still was never given up', async (t) => {
  const origin = await tcpOrigin(t, (socket) => socket.pause());
  const { httpPort, record } = await startBridge(t);
  const { socket } = await rawClient(
    httpPort,
    `POST http://127.0.0.1:${origin.port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n`,
  );
  await fill(socket);
  socket.destroy();
  await waitFor(() => record(), { what: 'the record', deadlineMs: WITHIN_MS });
  t.match(await record(), { closeReason: 'client_closed' });
});

void t.test('a client that waits for an origin that stands still is not given up', async (t) => {
  const origin = await tcpOrigin(t, (socket) => {
    socket.pause();
    setTimeout(() => socket.resume().on('end', () => socket.end()), 11_000);
  });
  const { client, result } = await tunnelTo(t, origin, { stallTimeoutMs: 300_000 });
  await fill(client);
  client.end();
  t.match(await result, { bytesUp: client.bytesWritten });
});

void t.test(
  'the end of what a client sent before it closed was lost where the origin was slow',
  async (t) => {
    let received = 0;
    const { promise: begins, resolve: begin } = Promise.withResolvers<void>();
    const origin = await tcpOrigin(t, (socket) => {
      socket.pause();
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      socket.pause().on('end', () => socket.end());
      void begins.then(() => socket.resume());
    });
    const { client, line, result } = await tunnelTo(t, origin, { stallTimeoutMs: 300_000 });
    // Little by little, until some of it waits in this process but not so much that the client is read no more.
    while (line.socket.writableLength === 0) {
      const sent = client.bytesWritten + 16_384;
      client.write(Buffer.alloc(16_384));
      await waitFor(() => line.socket.bytesWritten === sent, { intervalMs: 0 });
    }
    client.destroy();
    // Longer than an origin has to end.
    setTimeout(begin, 4000);
    const { bytesUp } = await result;
    t.equal(received, bytesUp);
  },
);
