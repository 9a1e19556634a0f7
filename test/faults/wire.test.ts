import '../tailnet/inside.ts';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { spacetailFor } from '../integration/spacetail.ts';
import { run } from '../support/run.ts';
import { waitFor } from '../support/wait-for.ts';
import { startFarSide } from '../tailnet/far-side.ts';
import { startTailnet } from '../tailnet/tailnet.ts';
import { supervisorPid, weigh } from './afterwards.ts';
import { hashOf, keystream, startFaultsOrigin } from './origin.ts';

const BYTES = 500_000;

t.setTimeout(300_000);
const far = await startFarSide({ delayMs: 20 });
t.teardown(() => far.stop());
const tailnet = await startTailnet({ address: far.nearAddress });
t.teardown(() => tailnet.stop());
const origin = await startFaultsOrigin();
t.teardown(() => origin.close());
const spacetail = await spacetailFor(t, tailnet.facts, {}, far.enter);
await spacetail.up();

const [enter = '', ...words] = far.enter;
const url = (path: string): string => `http://web:${origin.http}${path}`;
/** curl over there, by the door that its arguments name. */
const curl = (...args: string[]) =>
  run(enter, [...words, 'curl', '-sS', '-m', '50', ...args], { cleanEnv: true, timeoutMs: 60_000 });
const doors = {
  forward: ['-x', spacetail.proxy],
  connect: ['-p', '-x', spacetail.proxy],
  socks: ['-x', `socks5h://127.0.0.1:${spacetail.socksPort}`],
};

async function answers(): Promise<void> {
  for (const door of Object.values(doors)) {
    await waitFor(async () => (await curl(...door, '-m', '1', url('/'))).stdout === 'hello\n', {
      deadlineMs: 30_000,
      what: 'an answer within a second',
    });
  }
}

void t.test('over a way that delays and loses, what arrives is what was sent', async (t) => {
  await answers();
  const before = weigh(supervisorPid(spacetail));
  const body = `${spacetail.folder}/body`;
  writeFileSync(body, Buffer.concat([...keystream(BYTES)]));
  await far.change({ delayMs: 25, loss: 0.02 });
  for (const [name, door] of Object.entries(doors)) {
    const got = `${spacetail.folder}/got-${name}`;
    const down = await curl(...door, '-o', got, url(`/bytes/${BYTES}`));
    t.equal(down.code, 0, down.stderr);
    t.equal(createHash('sha256').update(readFileSync(got)).digest('hex'), hashOf(BYTES), name);
    const up = await curl(...door, '--data-binary', `@${body}`, url('/hash'));
    t.equal(up.stdout, hashOf(BYTES), `${name} ${up.stderr}`);
    t.comment(
      `${name}: down ${Math.round(down.durationMs)} ms, up ${Math.round(up.durationMs)} ms`,
    );
  }
  await far.change({ delayMs: 5, loss: 0 });
  await answers();
  t.ok(weigh(supervisorPid(spacetail)).fds <= before.fds + 6);
});

void t.test('a cut wire: a transfer waits, and goes on when it is mended', async (t) => {
  const before = weigh(supervisorPid(spacetail));
  const got = `${spacetail.folder}/got`;
  const bytes = 6_400_000;
  const transfer = curl(...doors.connect, '-o', got, url(`/bytes/${bytes}?everyMs=40`));
  await waitFor(() => readFileSync(got).length > 100_000, { what: 'the transfer to begin' });
  await far.change({ loss: 1 });
  const refused = await curl(...doors.forward, '-m', '5', url('/'));
  t.not(refused.code, 0, 'nothing gets through');
  await far.change({ loss: 0 });
  const done = await transfer;
  t.equal(done.code, 0, done.stderr);
  t.equal(createHash('sha256').update(readFileSync(got)).digest('hex'), hashOf(bytes));
  await answers();
  t.ok(weigh(supervisorPid(spacetail)).fds <= before.fds + 6);
});
