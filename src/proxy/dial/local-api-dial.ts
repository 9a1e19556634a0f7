/**
 * A dial by tailscaled's LocalAPI (tailscale: ipn/localapi/localapi.go, serveDial): an HTTP upgrade on its unix socket. It
 * has no limit of its own, says why it failed, and since 1.98 dials nothing that is not the tailnet's (`Dial-Self`).
 */
import type { Read } from '../core/socks5.ts';
import { discard, openConnection } from './connection.ts';
import { handshake } from './handshake.ts';
import type { AskTailscaled, TailscaledAnswer } from './tailscaled.ts';

const MAX_BYTES = 64 * 1024;
const MAX_DETAIL = 300;

export interface DialResponse {
  readonly status: number;
  /** tailscaled has left the address to its caller. */
  readonly isSelf: boolean;
  readonly text: string;
}

/** Reads the head of the answer and, of all but a 101, its body. */
export function readDialResponse(bytes: Buffer): Read<DialResponse> {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) {
    return bytes.length < MAX_BYTES
      ? { kind: 'more' }
      : { kind: 'malformed', detail: 'its head has no end' };
  }
  const [first = '', ...fields] = bytes.toString('latin1', 0, end).split('\r\n');
  const status = /^HTTP\/1\.1 (?<status>[1-5]\d\d)(?: |$)/u.exec(first)?.groups?.status;
  if (status === undefined) return { kind: 'malformed', detail: 'it does not answer in HTTP' };
  const valueOf = (name: string): string | undefined =>
    fields
      .find((field) => field.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const isSelf = valueOf('dial-self') === 'true';
  const bodyAt = end + 4;
  const given = valueOf('content-length') ?? '';
  const hasBody = status !== '101' && /^\d{1,9}$/u.test(given);
  const length = hasBody ? Math.min(Number(given), MAX_BYTES) : 0;
  if (bytes.length < bodyAt + length) return { kind: 'more' };
  const text = bytes.toString('utf8', bodyAt, bodyAt + length).trim();
  return {
    kind: 'read',
    value: { status: Number(status), isSelf, text },
    used: bodyAt + length,
  };
}

/** @param path - of tailscaled's socket */
export function byLocalApi(path: string): AskTailscaled {
  return async ({ ip, port }, { isFixed, timeoutMs, signal }) => {
    const connection = openConnection({ path, isFixed });
    const fields = [
      'POST /localapi/v0/dial HTTP/1.1',
      'Host: local-tailscaled.sock',
      'Connection: upgrade',
      'Upgrade: ts-dial',
      `Dial-Host: ${ip}`,
      `Dial-Port: ${port}`,
      'Dial-Network: tcp',
      'Content-Length: 0',
    ];
    const question = Buffer.from(`${fields.join('\r\n')}\r\n\r\n`);
    const result = await handshake(connection, question, readDialResponse, { timeoutMs, signal });
    if (result.kind === 'aborted' || result.kind === 'timeout') return result;
    if (result.kind === 'malformed') {
      return { kind: 'down', detail: `its LocalAPI cannot be understood: ${result.detail}` };
    }
    if (result.kind !== 'answer') {
      return { kind: 'down', detail: `its LocalAPI does not answer (${result.code})` };
    }
    if (result.answer.status === 101) return { kind: 'connected', connection };
    discard(connection);
    return meaningOf(result.answer);
  };
}

/** Go's and gVisor's words for what became of a dial. */
function meaningOf({ status, isSelf, text }: DialResponse): TailscaledAnswer {
  if (isSelf) return { kind: 'not_tailnet' };
  const detail = text.replace(/^dial failure: /u, '').slice(0, MAX_DETAIL);
  if (status !== 502) {
    return { kind: 'down', detail: `its LocalAPI answers ${status} to a dial: ${detail}` };
  }
  if (/refused/iu.test(detail)) return { kind: 'refused' };
  if (/timed? ?out|deadline exceeded/iu.test(detail)) return { kind: 'silent' };
  return { kind: 'unreachable', detail };
}
