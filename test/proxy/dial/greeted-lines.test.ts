/** Dials by a SOCKS port that tells what came on which connection. */
import type { Socket } from 'node:net';
import t from 'tap';
import type { Dialled } from '../../../src/proxy/dial/dial-context.ts';
import { dial } from '../../../src/proxy/dial/dial.ts';
import { GreetedLines } from '../../../src/proxy/dial/greeted-lines.ts';
import { socksGreeting, socksRequest } from '../../../src/proxy/dial/socks-client.ts';
import { fakeResolve } from '../../support/fake-resolve.ts';
import { fakeTailnet } from '../../support/fake-tailnet.ts';
import { tcpOrigin } from '../../support/origins.ts';
import { planFor } from '../../support/plan.ts';
import type { Teardown } from '../../support/teardown.ts';
import { waitFor } from '../../support/wait-for.ts';

const GREETING = socksGreeting.toString('hex');
const REQUEST = socksRequest('100.64.0.7', 80).toString('hex');
const GREETED = Buffer.from([5, 0]);
const CONNECTED = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
const NEVER = new AbortController().signal;

interface Asked {
  readonly socket: Socket;
  /** In hexadecimal, each time that something came. */
  readonly heard: string[];
}

/** Answers as tailscaled does; `answer` is asked what to do with the connections that have sent a request. */
async function socksPort(t: Teardown, answer = (socket: Socket) => void socket.write(CONNECTED)) {
  const all: Asked[] = [];
  const origin = await tcpOrigin(t, (socket) => {
    const asked: Asked = { socket, heard: [] };
    all.push(asked);
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => {
      if (asked.heard.length === 0) socket.write(GREETED);
      asked.heard.push(chunk.toString('hex'));
      if (asked.heard.join('').length > GREETING.length) answer(socket);
    });
  });
  const greeted = (): Asked[] =>
    all.filter(({ socket, heard }) => !socket.destroyed && heard.join('') === GREETING);
  return { host: '127.0.0.1', port: origin.port, all, greeted, open: origin.open };
}

function dialler(t: Teardown, port: { host: string; port: number }, idleMs?: number) {
  const lines = new GreetedLines(idleMs);
  t.teardown(() => lines.close());
  const tailnet = fakeTailnet(port);
  const context = {
    greeted: lines,
    tailnet,
    connectTimeoutMs: 2000,
    resolve: fakeResolve(tailnet),
    upstreamProxy: undefined,
  };
  const dialOnce = async (isFixed = true): Promise<Dialled> => {
    const plan = planFor({ hop: tailnet.peers[0] });
    const dialled = await dial(plan, { isFixed, signal: NEVER }, context);
    if (dialled.kind === 'connected') t.teardown(() => dialled.line.socket.destroy());
    return dialled;
  };
  return { lines, tailnet, dialOnce };
}

const twoReady = async (lines: GreetedLines): Promise<unknown> =>
  waitFor(() => lines.readyCount === 2, { what: 'two greeted connections' });

void t.test('the second dial asks on a connection that was greeted before', async (t) => {
  const port = await socksPort(t);
  const { dialOnce, lines } = dialler(t, port);
  t.match(await dialOnce(), { kind: 'connected' });
  t.strictSame(port.all[0]?.heard, [GREETING + REQUEST], 'the first in one write');
  await twoReady(lines);
  const dialled = await dialOnce();
  t.match(dialled, { kind: 'connected', ip: '100.64.0.7' });
  t.strictSame(
    port.all.filter(({ heard }) => heard.includes(REQUEST)).map(({ heard }) => heard),
    [[GREETING, REQUEST]],
  );
  // What is said on it then belongs to the tunnel, both ways.
  const used = port.all.find(({ heard }) => heard.includes(REQUEST));
  if (dialled.kind !== 'connected' || used === undefined) return;
  const said = new Promise<string>((resolve) => {
    dialled.line.readInto((chunk) => {
      resolve(chunk.toString());
      return true;
    });
  });
  used.socket.write('SSH-2.0');
  t.equal(await said, 'SSH-2.0');
  await twoReady(lines);
  t.equal(port.all.length, 4, 'and the next one is greeted');
});

void t.test('a stream for an HTTP client takes none: it is read in another way', async (t) => {
  const port = await socksPort(t);
  const { dialOnce, lines } = dialler(t, port);
  await dialOnce();
  await twoReady(lines);
  t.match(await dialOnce(false), { kind: 'connected' });
  t.strictSame(port.all.at(-1)?.heard, [GREETING + REQUEST]);
  t.equal(lines.readyCount, 2);
});

void t.test('ended by tailscaled before its use, it is not used', async (t) => {
  const port = await socksPort(t);
  const { dialOnce, lines } = dialler(t, port);
  await dialOnce();
  await twoReady(lines);
  const ended = port.greeted();
  for (const { socket } of ended) socket.end();
  await waitFor(() => ended.every(({ socket }) => socket.destroyed), { what: 'both closed' });
  t.match(await dialOnce(), { kind: 'connected' });
  t.strictSame(port.all[3]?.heard, [GREETING + REQUEST]);
});

void t.test('cut without an answer, the dial asks again by a connection of its own', async (t) => {
  for (const cut of [
    (one: Socket) => void one.end(),
    (one: Socket) => void one.resetAndDestroy(),
  ]) {
    let mayCut = false;
    const port = await socksPort(t, (socket) => {
      if (mayCut) cut(socket);
      else socket.write(CONNECTED);
      mayCut = false;
    });
    const { dialOnce, lines } = dialler(t, port);
    await dialOnce();
    await twoReady(lines);
    mayCut = true;
    t.match(await dialOnce(), { kind: 'connected' });
    const asked = port.all.flatMap(({ heard }) => heard).filter((text) => text.endsWith(REQUEST));
    t.strictSame(asked, [GREETING + REQUEST, REQUEST, GREETING + REQUEST]);
  }
});

void t.test('a refusal is the answer: it is not asked again', async (t) => {
  let isOpen = true;
  const port = await socksPort(t, (socket) => {
    socket.write(isOpen ? CONNECTED : Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]));
  });
  const { dialOnce, lines } = dialler(t, port);
  await dialOnce();
  await twoReady(lines);
  isOpen = false;
  t.match(await dialOnce(), { kind: 'failed', failure: { kind: 'refused' } });
  const asked = port.all.flatMap(({ heard }) => heard).filter((text) => text.endsWith(REQUEST));
  t.strictSame(asked, [GREETING + REQUEST, REQUEST]);
});

void t.test('another SOCKS port, as after a restart, is never asked by an old one', async (t) => {
  const before = await socksPort(t);
  const after = await socksPort(t);
  const { dialOnce, lines, tailnet } = dialler(t, before);
  await dialOnce();
  await twoReady(lines);
  tailnet.socks = after;
  t.match(await dialOnce(), { kind: 'connected' });
  t.strictSame(after.all[0]?.heard, [GREETING + REQUEST]);
  t.equal(before.greeted().length, 2);
});

void t.test('one that speaks unasked, and one that asks for a password, are closed', async (t) => {
  const port = await socksPort(t);
  const { dialOnce, lines } = dialler(t, port);
  await dialOnce();
  await twoReady(lines);
  const [talker] = port.greeted();
  talker?.socket.write(CONNECTED);
  await waitFor(() => talker?.socket.destroyed === true, { what: 'the talker closed' });
  t.match(await dialOnce(), { kind: 'connected' });

  const asking = await tcpOrigin(t, (socket) => {
    socket.on('end', () => socket.end()).on('data', () => socket.write(Buffer.from([5, 2])));
  });
  const strict = new GreetedLines();
  t.teardown(() => strict.close());
  strict.refill({ host: '127.0.0.1', port: asking.port });
  await waitFor(() => asking.accepted.count === 2 && asking.open.size === 0, { what: 'none left' });
  t.equal(strict.take({ host: '127.0.0.1', port: asking.port }), undefined);
});

void t.test('unused they are closed after a while, and all of them at the end', async (t) => {
  const port = await socksPort(t);
  const short = dialler(t, port, 20);
  const dialled = await short.dialOnce();
  if (dialled.kind === 'connected') dialled.line.socket.destroy();
  await waitFor(() => port.all.length === 3 && port.open.size === 0, { what: 'none open' });

  const long = dialler(t, port);
  const again = await long.dialOnce();
  if (again.kind === 'connected') again.line.socket.destroy();
  await twoReady(long.lines);
  long.lines.close();
  await waitFor(() => port.open.size === 0, { what: 'none open' });
  t.equal(port.all.length, 6);
  await long.dialOnce();
  t.equal(port.all.length, 7, 'and none is opened any more');
});
