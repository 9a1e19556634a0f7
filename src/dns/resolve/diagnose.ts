/**
 * Why a dial got no connection: tailscaled's SOCKS port says only "failed", so its LocalAPI is asked to dial
 * once more, while a disco ping tells whether the peer lives.
 */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors.ts';
import { openRequest } from '../local-api/local-api-request.ts';
import type { LocalApi } from '../local-api/local-api.ts';
import type { Diagnosis } from '../../tailnet.ts';

/** As long as the proxy lets an answer about an offline peer take. */
const DIAGNOSE_TIMEOUT_MS = 1_500;
/** After the peer has answered a ping, a refusal of the port comes within a round trip or not at all. */
const REFUSAL_GRACE_MS = 400;

/** Never throws but for the signal; takes at most `timeoutMs`. */
export async function diagnoseDial(
  api: LocalApi,
  ip: string,
  port: number,
  signal: AbortSignal,
  timeoutMs = DIAGNOSE_TIMEOUT_MS,
): Promise<Diagnosis> {
  signal.throwIfAborted();
  const done = new AbortController();
  const limit = AbortSignal.any([signal, done.signal, AbortSignal.timeout(timeoutMs)]);
  try {
    const dialled = dial(api.socketPath, ip, port, limit);
    const pinged = pingThenGrace(api, ip, limit);
    const first = await Promise.race([dialled, pinged]);
    const diagnosis = first ?? (await Promise.race([dialled, whenAborted(limit)]));
    signal.throwIfAborted();
    return (
      diagnosis ?? {
        kind: 'no_answer',
        detail: `neither a dial nor a disco ping was answered within ${timeoutMs} ms`,
      }
    );
  } finally {
    done.abort();
  }
}

/** Whether the peer answers a disco ping before the signal fires; `false` also when it cannot be asked. */
export async function discoPing(api: LocalApi, ip: string, signal: AbortSignal): Promise<boolean> {
  const reply = await api.call(
    { method: 'POST', path: `ping?type=disco&ip=${encodeURIComponent(ip)}` },
    signal,
  );
  if (reply.kind !== 'answer' || reply.status !== 200) return false;
  try {
    const result: unknown = JSON.parse(reply.body.toString('utf8'));
    return typeof result === 'object' && result !== null && !(result as { Err?: unknown }).Err;
  } catch {
    return false;
  }
}

function whenAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

async function pingThenGrace(
  api: LocalApi,
  ip: string,
  limit: AbortSignal,
): Promise<Diagnosis | undefined> {
  try {
    if (!(await discoPing(api, ip, limit))) return undefined;
    await sleep(REFUSAL_GRACE_MS, undefined, { signal: limit });
    return { kind: 'alive', detail: 'the node answers a disco ping, the port does not' };
  } catch {
    return undefined;
  }
}

/** LocalAPI's `dial`: 101 with a stream, or the real error as text. `undefined` when it was cut off. */
function dial(
  socketPath: string,
  ip: string,
  port: number,
  limit: AbortSignal,
): Promise<Diagnosis | undefined> {
  return new Promise((resolve) => {
    const headers = {
      Connection: 'upgrade',
      Upgrade: 'ts-dial',
      'Dial-Host': ip,
      'Dial-Port': String(port),
      'Dial-Network': 'tcp',
    };
    const sent = openRequest(socketPath, { method: 'POST', path: 'dial', headers }, limit);
    sent.once('upgrade', (_response, socket) => {
      socket.destroy();
      resolve({ kind: 'alive', detail: 'a second dial went through' });
    });
    sent.once('response', (response) => {
      void refusalText(response).then((text) => resolve(readDialError(text)));
    });
    sent.on('error', (error) => {
      resolve(
        limit.aborted
          ? undefined
          : { kind: 'unreachable', detail: `tailscaled does not answer: ${messageOf(error)}` },
      );
    });
    sent.end();
  });
}

async function refusalText(response: IncomingMessage): Promise<string> {
  if (response.statusCode === 200) {
    response.resume();
    return 'tailscaled has no route to it over the tailnet';
  }
  let text = '';
  try {
    for await (const chunk of response as AsyncIterable<Buffer>)
      if (text.length < 400) text += chunk.toString('utf8');
  } catch {
    // What has come is enough.
  }
  return text.trim().slice(0, 400);
}

/** gVisor's and Go's words for what became of a dial. */
function readDialError(text: string): Diagnosis {
  const detail = text.replace(/^dial failure: /, '');
  if (/refused/i.test(detail)) return { kind: 'refused' };
  if (/timed? ?out|deadline exceeded/i.test(detail)) return { kind: 'no_answer', detail };
  return { kind: 'unreachable', detail };
}
