/** Who may read the bridge's own pages: this machine's user, not a web site that the user visits. */
import type { IncomingMessage } from 'node:http';
import type { ProxyToken } from '../inbound/proxy-token.ts';

export interface Refusal {
  readonly status: 401 | 403 | 421;
  readonly reason: string;
}

/**
 * Against DNS rebinding the Host must be a loopback one; against other sites the browser's own word counts
 * (Fetch Metadata, Origin). `undefined`: may read.
 */
export function refuseForeign(request: IncomingMessage): Refusal | undefined {
  const host = hostOf(request);
  if (host === undefined) {
    return { status: 421, reason: 'These pages answer to 127.0.0.1, [::1] and localhost only.' };
  }
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return { status: 403, reason: 'Another web site may not read these pages.' };
  }
  const { origin } = request.headers;
  return origin === undefined || origin.toLowerCase() === `http://${host}`
    ? undefined
    : { status: 403, reason: 'Another web site may not read these pages.' };
}

const loopbackHost = /^(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost)(?::\d{1,5})?$/;

/** The loopback Host in lower case. With two Host fields there is no telling which one was meant. */
function hostOf(request: IncomingMessage): string | undefined {
  const hosts = request.headersDistinct['host'] ?? [];
  const [host = ''] = hosts;
  const text = host.toLowerCase();
  return hosts.length === 1 && loopbackHost.test(text) ? text : undefined;
}

/** The token as Basic password (any user name) or as Bearer token. */
export function refuseWithoutToken(
  request: IncomingMessage,
  token: Pick<ProxyToken, 'isRequired' | 'isRight'>,
): Refusal | undefined {
  if (!token.isRequired || token.isRight(tokenOf(request))) return undefined;
  return { status: 401, reason: 'SPACETAIL_PROXY_TOKEN is set: send it as the password.' };
}

function tokenOf(request: IncomingMessage): string {
  const [, scheme = '', credentials = ''] =
    /^(basic|bearer) +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return credentials;
  const pair = Buffer.from(credentials, 'base64').toString();
  return pair.slice(pair.indexOf(':') + 1);
}
