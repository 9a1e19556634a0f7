import '../tailnet/inside.ts';
import type { Socket } from 'node:net';
import t from 'tap';
import { rawClient } from '../support/bridge.ts';
import type { RawClient } from '../support/bridge.ts';
import { tcpOrigin } from '../support/origins.ts';
import type { Teardown } from '../support/teardown.ts';
import { waitFor } from '../support/wait-for.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { type Spacetail, spacetailFor } from './spacetail.ts';
import { spareCounts } from './spare-counts.ts';

t.setTimeout(240_000);
const tailnet = await useTailnet(t);
const { facts } = tailnet;

/** A port of every node, which lead to this machine's loopback. */
async function echoOrigin(t: Teardown) {
  const sockets: Socket[] = [];
  const origin = await tcpOrigin(t, (socket) => {
    sockets.push(socket);
    socket.on('data', (chunk) => socket.write(chunk)).on('end', () => socket.end());
  });
  return { ...origin, sockets };
}

async function tunnelTo({ httpPort }: Spacetail, target: string): Promise<RawClient> {
  const client = await rawClient(httpPort, `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  await client.until(/^HTTP\/1.1 200 [^]*\r\n\r\n/);
  return client;
}

async function echoThrough(client: RawClient, text: string): Promise<void> {
  client.socket.write(text);
  await client.until(new RegExp(`${text}$`));
  // Not half-closed: the bridge would hold that back until the origin ends (tailscaled's SOCKS port).
  client.socket.destroy();
}

const untilOpen = (spacetail: Spacetail, open: number) =>
  waitFor(async () => (await spareCounts(spacetail)).open === open, { what: `${open} spares` });

const untilClosed = (spacetail: Spacetail, reason: string, count = 1) =>
  waitFor(async () => (await spareCounts(spacetail)).closed[reason] === count, {
    what: `${count} closed for ${reason}`,
    deadlineMs: 30_000,
  });

/** Of the request at this position; lines come in the order in which requests end. */
const logLine = (spacetail: Spacetail, at: number) =>
  waitFor(() => spacetail.accessLog().find((line) => String(line['id']).endsWith(`-${at + 1}`)), {
    what: `the line of request ${at}`,
  });

void t.test('spares on the real tailnet: used, ended, replaced, of no use for SSH', async (t) => {
  const spacetail = await spacetailFor(t, facts, {
    TS_HOSTNAME: 'ahead',
    SPACETAIL_PRECONNECT: 'peer:web',
  });
  await spacetail.up();
  const origin = await echoOrigin(t);
  const target = `web:${origin.port}`;
  await echoThrough(await tunnelTo(spacetail, target), 'first');
  for (const text of ['second', 'third']) {
    await untilOpen(spacetail, 1);
    await echoThrough(await tunnelTo(spacetail, target), text);
  }
  await untilOpen(spacetail, 1);
  t.notOk('preconnect' in (await logLine(spacetail, 0)));
  const used = { preconnect: true, dial_ms: 0, status: 200, error: null, peer: 'web.tail.test' };
  t.match(await logLine(spacetail, 1), { ...used, bytes_up: 6, bytes_down: 6 });
  t.match(await logLine(spacetail, 2), { ...used, bytes_up: 5, bytes_down: 5 });
  t.equal((await spareCounts(spacetail)).used, 2);

  // Ended while it waits.
  // More where a slow first dial was raced to the node's other address.
  await waitFor(() => origin.sockets.length >= 4, { what: 'the spare at the origin' });
  origin.sockets.at(-1)?.end();
  await untilClosed(spacetail, 'origin_closed');
  await echoThrough(await tunnelTo(spacetail, target), 'fourth');
  t.notOk('preconnect' in (await logLine(spacetail, 3)));

  // Ended in the hands of a client that has not spoken yet.
  const other = await echoOrigin(t);
  await echoThrough(await tunnelTo(spacetail, `web:${other.port}`), 'first');
  await waitFor(() => other.sockets.length === 2, { what: 'its spare' });
  const client = await tunnelTo(spacetail, `web:${other.port}`);
  await waitFor(() => other.sockets.length === 3, { what: 'the next spare' });
  other.sockets[1]?.resetAndDestroy();
  await untilClosed(spacetail, 'replaced');
  await echoThrough(client, 'fresh');
  t.match(await logLine(spacetail, 5), { status: 200, error: null, bytes_up: 5, bytes_down: 5 });
  t.notOk('preconnect' in (await logLine(spacetail, 5)));

  const ssh = await tcpOrigin(t, (socket) => {
    socket.write('SSH-2.0-test\r\n');
    socket.on('data', () => {}).on('end', () => socket.end());
  });
  for (let turn = 0; turn < 3; turn += 1) {
    const client = await tunnelTo(spacetail, `web:${ssh.port}`);
    await client.until(/SSH-2.0-test\r\n$/);
    client.socket.destroy();
    await untilClosed(spacetail, 'origin_spoke');
  }
  t.equal(ssh.accepted.count, 4, 'three clients, one spare');

  // No rule names the other node.
  await echoThrough(await tunnelTo(spacetail, `db:${origin.port}`), 'one');
  const before = origin.accepted.count;
  await echoThrough(await tunnelTo(spacetail, `db:${origin.port}`), 'two');
  t.equal(origin.accepted.count, before + 1);
  t.notOk('preconnect' in (await logLine(spacetail, 10)));

  // What the origins see of it is the network's affair: the node leaves at the same moment.
  const down = await spacetail.cli(['down', '--strict']);
  t.equal(down.code, 0, down.stderr);
});

void t.test(
  'an error after the first byte stands, and a hostile origin is left alone',
  async (t) => {
    const spacetail = await spacetailFor(t, facts, {
      TS_HOSTNAME: 'hostile',
      SPACETAIL_PRECONNECT: 'tailnet:**',
    });
    await spacetail.up();
    const seen: string[] = [];
    const fatal = await tcpOrigin(t, (socket) => {
      socket.once('data', (chunk: Buffer) => {
        seen.push(String(chunk));
        if (String(chunk) === 'fatal') socket.resetAndDestroy();
        else socket.end(chunk);
      });
    });
    await echoThrough(await tunnelTo(spacetail, `web:${fatal.port}`), 'first');
    await untilOpen(spacetail, 1);
    const client = await tunnelTo(spacetail, `web:${fatal.port}`);
    client.socket.write('fatal');
    await client.rest();
    client.socket.destroy();
    t.match(await logLine(spacetail, 1), { preconnect: true, bytes_up: 5, bytes_down: 0 });
    t.same(seen, ['first', 'fatal'], 'it is sent once');

    const hostile = await tcpOrigin(t, (socket) => socket.destroy());
    const requests = 20;
    for (let turn = 0; turn < requests; turn += 1) {
      const client = await rawClient(
        spacetail.httpPort,
        `CONNECT web:${hostile.port} HTTP/1.1\r\nHost: x\r\n\r\n`,
      );
      await client.rest();
      client.socket.destroy();
    }
    const ahead = hostile.accepted.count - requests;
    t.ok(ahead <= 5, `${ahead} dials ahead for ${requests} requests`);
  },
);

void t.test(
  'a node that joins closes the spares; report mode has none for what it would deny',
  async (t) => {
    const spacetail = await spacetailFor(t, facts, {
      TS_HOSTNAME: 'changes',
      SPACETAIL_PRECONNECT: '**',
      SPACETAIL_POLICY_MODE: 'report',
      SPACETAIL_DENY: 'db',
    });
    await spacetail.up();
    const origin = await echoOrigin(t);
    await echoThrough(await tunnelTo(spacetail, `db:${origin.port}`), 'would be denied');
    t.match(await logLine(spacetail, 0), { policy: { decision: 'would_deny' } });
    await echoThrough(await tunnelTo(spacetail, `web:${origin.port}`), 'allowed');
    await untilOpen(spacetail, 1);
    const before = origin.accepted.count;
    const late = await tailnet.joinNode('late');
    t.teardown(() => late.stop());
    await waitFor(async () => ((await spareCounts(spacetail)).closed['netmap'] ?? 0) >= 1, {
      what: 'the netmap to close it',
    });
    await waitFor(() => origin.open.size === 0, { what: 'its end at the origin' });
    t.equal(origin.accepted.count, before, 'none is dialled in its place');
  },
);

void t.test('a malformed rule stops up and names the variable', async (t) => {
  const spacetail = await spacetailFor(t, facts);
  const done = await spacetail.cli(['up'], { SPACETAIL_PRECONNECT: 'web:443 http://web/' });
  t.equal(done.code, 2);
  t.match(done.stderr, /SPACETAIL_PRECONNECT\[1\]: "http:\/\/web\/" is not a rule/);
});
