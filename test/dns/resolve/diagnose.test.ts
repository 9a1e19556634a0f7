import type { Duplex } from 'node:stream';
import t from 'tap';
import { diagnoseDial, discoPing } from '../../../src/dns/resolve/diagnose.ts';
import { LocalApi } from '../../../src/dns/local-api/local-api.ts';
import { type FakeLocalApi, startFakeLocalApi } from '../../support/fake-local-api.ts';
import { tmpFolder } from '../../support/tmp-folder.ts';

const soon = () => AbortSignal.timeout(20_000);

/** Answers LocalAPI's dial with the raw text of a response. */
function dialAnswers(fake: FakeLocalApi, text: string | undefined): void {
  fake.handlers.set('dial', (_request, response) => {
    const { socket } = response as unknown as { socket: Duplex };
    if (text !== undefined) socket.end(text);
  });
}

const refusal = (text: string) =>
  `HTTP/1.1 502 Bad Gateway\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

void t.test("tailscaled's own words tell why a dial failed", async (t) => {
  const fake = await startFakeLocalApi(tmpFolder(t));
  t.teardown(() => fake[Symbol.asyncDispose]());
  fake.handlers.set('ping', () => {});
  const api = new LocalApi(fake.socketPath);
  const cases = [
    ['dial failure: connect tcp 100.64.0.1:1: connection was refused', { kind: 'refused' }],
    ['dial failure: connect tcp: operation timed out', { kind: 'no_answer', detail: /timed out/ }],
    ['dial failure: no route to host', { kind: 'unreachable', detail: 'no route to host' }],
    ['resolve failure: x', { kind: 'unreachable', detail: 'resolve failure: x' }],
  ] as const;
  for (const [text, expected] of cases) {
    dialAnswers(fake, refusal(text));
    t.match(await diagnoseDial(api, '100.64.0.1', 1, soon()), expected, text);
  }
  dialAnswers(fake, 'HTTP/1.1 200 OK\r\nDial-Self: true\r\nContent-Length: 0\r\n\r\n');
  t.match(await diagnoseDial(api, '203.0.113.1', 1, soon()), {
    kind: 'unreachable',
    detail: /no route/,
  });
  dialAnswers(
    fake,
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: ts-dial\r\nConnection: upgrade\r\n\r\n',
  );
  t.match(await diagnoseDial(api, '100.64.0.1', 1, soon()), {
    kind: 'alive',
    detail: /went through/,
  });
});

void t.test(
  'a silent port of a node that answers pings is told apart from a silent node',
  async (t) => {
    const fake = await startFakeLocalApi(tmpFolder(t));
    t.teardown(() => fake[Symbol.asyncDispose]());
    const api = new LocalApi(fake.socketPath);
    dialAnswers(fake, undefined);
    fake.answer('ping', { IP: '100.64.0.1', LatencySeconds: 0.01 });
    t.match(await diagnoseDial(api, '100.64.0.1', 1, soon()), {
      kind: 'alive',
      detail: /disco ping/,
    });
    fake.handlers.set('ping', () => {});
    const [short, long] = [
      diagnoseDial(api, '100.64.0.1', 1, soon(), 200),
      diagnoseDial(api, '100.64.0.1', 1, soon()),
    ];
    t.equal(await Promise.race([short.then(() => 'short'), long.then(() => 'long')]), 'short');
    t.match(await short, { kind: 'no_answer' });
    t.match(await long, { kind: 'no_answer' });
  },
);

void t.test('a refusal that comes after the ping still counts', async (t) => {
  const fake = await startFakeLocalApi(tmpFolder(t));
  t.teardown(() => fake[Symbol.asyncDispose]());
  fake.answer('ping', { IP: '100.64.0.1' });
  fake.handlers.set('dial', (_request, response) => {
    const { socket } = response as unknown as { socket: Duplex };
    setTimeout(() => socket.end(refusal('dial failure: connection was refused')), 100);
  });
  t.same(await diagnoseDial(new LocalApi(fake.socketPath), '100.64.0.1', 1, soon()), {
    kind: 'refused',
  });
});

void t.test("it throws for the caller's signal alone", async (t) => {
  const fake = await startFakeLocalApi(tmpFolder(t));
  t.teardown(() => fake[Symbol.asyncDispose]());
  const api = new LocalApi(fake.socketPath);
  dialAnswers(fake, undefined);
  fake.handlers.set('ping', () => {});
  await t.rejects(diagnoseDial(api, '100.64.0.1', 1, AbortSignal.timeout(50)), {
    name: 'TimeoutError',
  });
  await fake.close();
  t.match(await diagnoseDial(api, '100.64.0.1', 1, soon()), {
    kind: 'unreachable',
    detail: /does not answer/,
  });
});

void t.test('a ping that fails is no answer', async (t) => {
  const fake = await startFakeLocalApi(tmpFolder(t));
  t.teardown(() => fake[Symbol.asyncDispose]());
  const api = new LocalApi(fake.socketPath);
  for (const [body, status, expected] of [
    [{ IP: '100.64.0.1' }, 200, true],
    [{ Err: 'no matching peer' }, 200, false],
    ['x', 200, false],
    ['denied', 403, false],
  ] as const) {
    fake.answer('ping', body, status);
    t.equal(await discoPing(api, '100.64.0.1', soon()), expected);
  }
});
