import t from 'tap';
import { openConnection } from '../../../src/proxy/dial/connection.ts';
import type { Dialled } from '../../../src/proxy/dial/dial-context.ts';
import { clientGone } from '../../../src/proxy/core/failure.ts';
import { failure } from '../../../src/proxy/core/failure.ts';
import { interleave, race } from '../../../src/proxy/dial/race.ts';
import type { Attempt, Limits } from '../../../src/proxy/dial/race.ts';
import { tcpOrigin } from '../../support/origins.ts';
import type { Teardown } from '../../support/teardown.ts';
import { waitFor } from '../../support/wait-for.ts';

const NEVER = new AbortController().signal;
const LIMITS: Limits = { timeoutMs: 20_000, signal: NEVER };
const REFUSED: Dialled = { kind: 'failed', failure: failure('refused', 'refused', '') };
const SILENT: Dialled = { kind: 'failed', failure: failure('timed_out', 'silent', '') };
const GONE: Dialled = { kind: 'failed', failure: clientGone() };

/** Ends with the signal, or with the limit where it is waited for. */
async function silence({ signal, timeoutMs }: Limits, isWaited = false): Promise<Dialled> {
  const { promise, resolve } = Promise.withResolvers<Dialled>();
  const timer = isWaited ? setTimeout(() => resolve(SILENT), timeoutMs) : undefined;
  signal.addEventListener('abort', () => resolve(GONE));
  if (signal.aborted) resolve(GONE);
  const ended = await promise;
  clearTimeout(timer);
  return ended;
}

/** A connection to an origin of its own. */
async function living(t: Teardown): Promise<{ connect: () => Dialled; open: Set<unknown> }> {
  const origin = await tcpOrigin(t, (socket) => socket.on('end', () => socket.end()).resume());
  return {
    open: origin.open,
    connect() {
      const options = { address: '127.0.0.1', port: origin.port, isFixed: true };
      const connection = openConnection(options);
      t.teardown(() => connection.socket.destroy());
      return { kind: 'connected', connection, ip: '127.0.0.1' };
    },
  };
}

void t.test('families take turns, the family of the first address first', async (t) => {
  t.strictSame(interleave(['::1', '::2', '10.0.0.1', '::3', '10.0.0.2']), [
    '::1',
    '10.0.0.1',
    '::2',
    '10.0.0.2',
    '::3',
  ]);
  t.strictSame(interleave(['10.0.0.1', '10.0.0.2']), ['10.0.0.1', '10.0.0.2']);
});

void t.test('a silent address is left behind, and closed when another has won', async (t) => {
  const { connect } = await living(t);
  const events: string[] = [];
  const attempt: Attempt = async (ip, limits) => {
    events.push(`try ${ip}`);
    if (ip === '10.0.0.2') return connect();
    const ended = await silence(limits);
    events.push(`end ${ip}`);
    return ended;
  };
  const raced = await race(['10.0.0.1', '10.0.0.2', '10.0.0.3'], attempt, LIMITS);
  t.match(raced, { kind: 'won', tried: 2 });
  await waitFor(() => events.length === 3, { what: 'the end of the loser' });
  t.strictSame(events, ['try 10.0.0.1', 'try 10.0.0.2', 'end 10.0.0.1']);
});

void t.test('after a failure, or a setback, the next is tried without a wait', async (t) => {
  const { connect } = await living(t);
  const events: string[] = [];
  const timer = setTimeout(() => events.push('the delay'), 200);
  t.teardown(() => clearTimeout(timer));
  const attempt: Attempt = async (ip, limits, onSetback) => {
    events.push(ip);
    if (ip === '10.0.0.1') return REFUSED;
    if (ip === '10.0.0.4') return connect();
    onSetback();
    return silence(limits);
  };
  const all = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'];
  t.match(await race(all, attempt, LIMITS), { kind: 'won', tried: 4 });
  t.strictSame(events, all.slice(0, 4));
});

void t.test('one that connects when the race is over is closed', async (t) => {
  const { connect, open } = await living(t);
  const late = Promise.withResolvers<void>();
  const attempt: Attempt = async (ip, _limits, onSetback) => {
    onSetback();
    if (ip === '10.0.0.1') await late.promise;
    return connect();
  };
  const raced = await race(['10.0.0.1', '10.0.0.2'], attempt, LIMITS);
  t.match(raced, { kind: 'won' });
  late.resolve();
  if (raced.kind !== 'won') return;
  const { connection } = raced.dialled;
  await waitFor(() => open.size === 1, { what: 'one connection at the origin' });
  t.notOk(connection.socket.destroyed);
});

void t.test('a client that leaves ends all, and nothing more is tried', async (t) => {
  const client = new AbortController();
  const tried: string[] = [];
  const attempt: Attempt = async (ip, limits, onSetback) => {
    tried.push(ip);
    onSetback();
    if (tried.length === 3) client.abort();
    return silence(limits);
  };
  const all = Array.from({ length: 64 }, (_, at) => `10.0.0.${at}`);
  const raced = await race(all, attempt, { timeoutMs: 20_000, signal: client.signal });
  t.match(raced, { kind: 'lost', tried: 3 });
});

void t.test('64 silent addresses: at most 4 at a time, all of them within the limit', async (t) => {
  let underWay = 0;
  let most = 0;
  const limitsMs: number[] = [];
  const attempt: Attempt = async (_ip, limits) => {
    underWay += 1;
    most = Math.max(most, underWay);
    limitsMs.push(limits.timeoutMs);
    const ended = await silence(limits, true);
    underWay -= 1;
    return ended;
  };
  const all = Array.from({ length: 64 }, (_, at) => `10.0.0.${at}`);
  const raced = await race(all, attempt, { timeoutMs: 1600, signal: NEVER });
  t.match(raced, { kind: 'lost', tried: 64 });
  t.equal(raced.kind === 'lost' && raced.losses.length, 64);
  t.equal(most, 4);
  t.ok(Math.max(...limitsMs.slice(0, 4)) <= 100, 'each has its share of the time');
});

void t.test('3,900 addresses that fail at once are no recursion', async (t) => {
  const all = Array.from({ length: 3900 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
  const raced = await race(all, async () => REFUSED, LIMITS);
  t.match(raced, { kind: 'lost', tried: 3900 });
});
