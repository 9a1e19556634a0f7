import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { tcpOrigin } from '../../support/origins.ts';
import { waitFor } from '../../support/wait-for.ts';

const descriptors = (): number => readdirSync('/proc/self/fd').length;

void t.test('random bytes break nothing', async (t) => {
  const { httpPort, socksPort, bridge } = await startBridge(t, { headerTimeoutMs: 500 });
  for (let round = 0; round < 60; round += 1) {
    const port = round % 2 === 0 ? httpPort : socksPort;
    const head =
      round % 4 < 2
        ? ''
        : round % 2 === 0
          ? 'GET http://127.0.0.1:1/ HTTP/1.1\r\n'
          : '\u0005\u0001\u0000\u0005\u0001';
    const client = await rawClient(
      port,
      Buffer.concat([Buffer.from(head, 'latin1'), randomBytes(200)]),
    );
    client.socket.end();
    await client.rest();
    client.socket.destroy();
  }
  t.equal(bridge.counters().openTunnels, 0);
  const client = await rawClient(httpPort, 'CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n');
  t.match(await client.rest(), /^HTTP\/1\.1 502/u);
});

void t.test(
  'a thousand connects and closes leave no descriptor behind',
  { timeout: 60_000 },
  async (t) => {
    const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
    const { httpPort, bridge, records } = await startBridge(t, { holdClientFin: () => true });
    const before = descriptors();
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(
        Array.from({ length: 50 }, async () => {
          const client = await rawClient(
            httpPort,
            `CONNECT 127.0.0.1:${origin.port} HTTP/1.1\r\n\r\nx`,
          );
          await client.until(/x$/u);
          client.socket.destroy();
        }),
      );
    }
    await waitFor(
      () =>
        records.length === 1000 && bridge.counters().openTunnels === 0 && origin.open.size === 0,
    );
    await waitFor(() => descriptors() <= before, { what: `${before} descriptors` });
    t.pass('all closed');
  },
);
