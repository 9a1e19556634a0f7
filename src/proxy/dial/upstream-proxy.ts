/** The proxy that direct dials must use where the container's network allows nothing else. */
import { handshake } from './handshake.ts';
import type { HandshakeResult, Parse } from './handshake.ts';
import { formatAuthority } from '../core/authority.ts';
import type { Line } from './line.ts';

export interface UpstreamProxy {
  /** Name or literal. */
  readonly host: string;
  readonly port: number;
  /** The value of Proxy-Authorization, e.g. `Basic …`. */
  readonly authorization?: string | undefined;
  /** NO_PROXY as it stood before `up`: whether the target is dialled without the proxy. */
  readonly isBypassed?: ((host: string, ip: string | undefined) => boolean) | undefined;
}

/** The status of the answer to a CONNECT; 0 for something that is not HTTP. */
type ConnectStatus = number;

const MAX_HEAD_BYTES = 64 * 1024;
const STATUS_LINE = /^HTTP\/1\.[01] (?<status>[1-5]\d\d)(?: |\r|$)/u;

/** Reads a response head; a 2xx has no body (RFC 9110 9.3.6), so what follows is the tunnel's. */
export const parseConnectResponse: Parse<ConnectStatus> = (bytes) => {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1 && bytes.length < MAX_HEAD_BYTES) return { kind: 'more' };
  const head = bytes.toString('latin1', 0, end === -1 ? 0 : end);
  const status = Number(STATUS_LINE.exec(head)?.groups?.status ?? 0);
  return { kind: 'answer', answer: status, used: end + 4 };
};

/**
 * CONNECT by name where there is one: the upstream proxy is trusted to resolve, and its rules are
 * written for names.
 */
export async function connectThroughProxy(
  line: Line,
  target: { readonly host: string; readonly port: number },
  { authorization }: UpstreamProxy,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<HandshakeResult<ConnectStatus>> {
  const authority = formatAuthority(target.host, target.port);
  const fields = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (authorization !== undefined) fields.push(`Proxy-Authorization: ${authorization}`);
  const question = Buffer.from(`${fields.join('\r\n')}\r\n\r\n`, 'latin1');
  const result = await handshake(line, {
    question,
    parse: parseConnectResponse,
    timeoutMs,
    signal,
  });
  if (result.kind === 'answer' && !isSuccess(result.answer ?? 0)) line.socket.destroy();
  return result as HandshakeResult<ConnectStatus>;
}

export function isSuccess(status: ConnectStatus): boolean {
  return status >= 200 && status < 300;
}
