/** CONNECT as a client asks it of a proxy. RFC 9110 9.3.6. */
import { formatAuthority } from '../core/authority.ts';
import type { Read } from '../core/socks5.ts';
import type { Connection } from './connection.ts';
import { discard } from './connection.ts';
import { handshake } from './handshake.ts';
import type { HandshakeOptions, HandshakeResult } from './handshake.ts';

const MAX_HEAD_BYTES = 64 * 1024;
const STATUS_LINE = /^HTTP\/1\.[01] (?<status>[1-5]\d\d)(?: |\r|$)/u;

/** Reads a response's head; the value is its status. A 2xx has no body, so what follows is the tunnel's. */
export function readConnectResponse(bytes: Buffer): Read<number> {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1 && bytes.length < MAX_HEAD_BYTES) return { kind: 'more' };
  const head = bytes.toString('latin1', 0, end === -1 ? 0 : end);
  const status = STATUS_LINE.exec(head)?.groups?.status;
  return status === undefined
    ? { kind: 'malformed', detail: 'it does not answer in HTTP' }
    : { kind: 'read', value: Number(status), used: end + 4 };
}

/** The answer is the proxy's status. The connection is closed unless that is a 2xx. */
export async function httpConnect(
  connection: Connection,
  target: { readonly host: string; readonly port: number },
  authorization: string | undefined,
  options: HandshakeOptions,
): Promise<HandshakeResult<number>> {
  const authority = formatAuthority(target.host, target.port);
  const fields = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (authorization !== undefined) fields.push(`Proxy-Authorization: ${authorization}`);
  const question = Buffer.from(`${fields.join('\r\n')}\r\n\r\n`, 'latin1');
  const result = await handshake(connection, question, readConnectResponse, options);
  if (result.kind === 'answer' && !isSuccess(result.answer)) discard(connection);
  return result;
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
