/**
 * Every way in which a request can fail, and how each is told to the client: HTTP status,
 * Proxy-Status (RFC 9209), a body of two lines for people, and the SOCKS5 reply (RFC 1928 6).
 */

/** Characters of `details` in Proxy-Status. */
const MOST_DETAILS = 200;

/** status, RFC 9209 error type, SOCKS reply */
const table = {
  denied: [403, 'http_request_denied', 2],
  ip_prohibited: [403, 'destination_ip_prohibited', 2],
  token_wrong: [407, 'http_request_denied', 2],
  name_unknown: [502, 'dns_error', 4],
  resolver_silent: [504, 'dns_timeout', 6],
  peer_unavailable: [503, 'destination_unavailable', 4],
  tailnet_unavailable: [503, 'destination_unavailable', 3],
  unroutable: [502, 'destination_ip_unroutable', 3],
  refused: [502, 'connection_refused', 5],
  terminated: [502, 'connection_terminated', 1],
  timed_out: [504, 'connection_timeout', 6],
  loop: [502, 'proxy_loop_detected', 2],
  too_many_connections: [503, 'connection_limit_reached', 1],
  malformed: [400, 'http_request_error', 1],
  head_too_large: [431, 'http_request_error', 1],
  head_too_slow: [408, 'http_request_error', 1],
  expectation_unknown: [417, 'http_request_error', 1],
  response_malformed: [502, 'http_protocol_error', 1],
  response_cut: [502, 'http_response_incomplete', 1],
  response_head_too_large: [502, 'http_response_header_section_size', 1],
  certificate: [502, 'tls_certificate_error', 1],
  tls: [502, 'tls_protocol_error', 1],
  peer_inbound: [403, 'peer_inbound_denied', 2],
  client_gone: [499, 'client_gone', 1],
  shutting_down: [503, 'destination_unavailable', 1],
  internal: [500, 'proxy_internal_error', 1],
} as const satisfies Record<string, readonly [status: number, error: string, socksReply: number]>;

export type FailureKind = keyof typeof table;

export const failureKinds = Object.keys(table) as readonly FailureKind[];

export interface Failure {
  readonly kind: FailureKind;
  /** One sentence: who, and in which state. */
  readonly detail: string;
  /** What a person can do about it. */
  readonly hint: string;
  /** The status by which the next proxy has refused. */
  readonly receivedStatus?: number;
}

export function failure(kind: FailureKind, detail: string, hint: string): Failure {
  return { kind, detail, hint };
}

/** The client ended its connection before it had an answer. Nobody reads this but the access log. */
export function clientGone(): Failure {
  return failure(
    'client_gone',
    'the client went away before it had an answer',
    'Raise the time limit of the client.',
  );
}

export function statusOf(failed: Failure): number {
  return table[failed.kind][0];
}

/** The RFC 9209 error type, or one of our own where the RFC has none. */
export function errorTypeOf(failed: Failure): string {
  return table[failed.kind][1];
}

export function socksReplyOf(failed: Failure): number {
  return table[failed.kind][2];
}

/** Whether the connection to the client must be closed after the answer: its bytes cannot be trusted or counted. */
export function closesConnection(failed: Failure): boolean {
  const status = statusOf(failed);
  return (
    status === 400 || status === 408 || status === 431 || failed.kind === 'too_many_connections'
  );
}

/** The value of Proxy-Status: an sf-token with parameters (RFC 9209 2, RFC 8941). */
export function proxyStatus(failed: Failure): string {
  const { receivedStatus } = failed;
  const received = receivedStatus === undefined ? '' : `; received-status=${receivedStatus}`;
  const details = quotable(shortened(failed.detail));
  return `spacetail; error=${errorTypeOf(failed)}${received}; details="${details}"`;
}

export function bodyOf(failed: Failure): string {
  return `${printable(failed.detail)}\n${printable(failed.hint)}\n`;
}

/** Header fields and body of the answer, for a `ServerResponse` and for a raw socket alike. */
export function answerOf(failed: Failure): { status: number; fields: string[]; body: string } {
  const body = bodyOf(failed);
  const fields = [
    'Content-Type',
    'text/plain; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'Proxy-Status',
    proxyStatus(failed),
  ];
  if (failed.kind === 'token_wrong') fields.push('Proxy-Authenticate', 'Basic realm="spacetail"');
  return { status: statusOf(failed), fields, body };
}

/** A detail may quote many lines of a program's; clients cut fields, and some refuse long ones. */
function shortened(detail: string): string {
  const line = detail.replaceAll(/\s+/gu, ' ');
  return line.length <= MOST_DETAILS ? line : `${line.slice(0, MOST_DETAILS - 3)}...`;
}

/** An sf-string is printable ASCII; quotes and backslashes are escaped. */
function quotable(text: string): string {
  return text.replaceAll(/[^ -~]/gu, '?').replaceAll(/["\\]/gu, String.raw`\$&`);
}

/** One line, whatever a hostile name has in it. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}
