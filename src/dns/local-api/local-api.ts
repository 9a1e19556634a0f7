/** The calls to tailscaled's LocalAPI that the bridge needs (tailscale: ipn/localapi/localapi.go, 1.76 to 1.102). */
import { SpacetailError } from '../../errors.ts';
import { readDnsConfig, readNetmapDns, type DnsConfig } from './dns-config.ts';
import { isObject, type Json, text } from './json-fields.ts';
import { firstBusLine, type PeerNotice, watchBus } from './ipn-bus.ts';
import { callLocalApi, type LocalApiReply, type LocalApiRequest } from './local-api-request.ts';

const MAX_STATUS_BYTES = 256 << 20;

/** The preferences that decide where names and routes go (tailscale: ipn/prefs.go). */
export interface Prefs {
  /** Subnet routes of peers are accepted. */
  readonly routeAll: boolean;
  /** `--accept-dns`: the tailnet's DNS configuration is in force. */
  readonly corpDns: boolean;
  /** The StableID or address of the exit node to use; '' for none. */
  readonly exitNode: string;
}

export type DnsReply =
  | {
      readonly kind: 'answer';
      readonly message: Uint8Array;
      /** The resolvers that tailscaled asks for such a name. */ readonly resolvers: readonly string[];
    }
  /** tailscaled could not ask: a dead resolver, no DNS configuration. */
  | { readonly kind: 'failed'; readonly detail: string }
  | { readonly kind: 'unsupported'; readonly detail: string }
  | { readonly kind: 'down'; readonly detail: string };

export class LocalApi {
  readonly socketPath: string;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  call(request: LocalApiRequest, signal: AbortSignal): Promise<LocalApiReply> {
    return callLocalApi(this.socketPath, request, signal);
  }

  /** The document of `tailscale status --json`. @throws SpacetailError `local_api_failed`, the signal's reason */
  async status(signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    return this.#ok({ path: 'status', maxBytes: MAX_STATUS_BYTES }, signal);
  }

  /** @throws SpacetailError `local_api_failed`, the signal's reason */
  async prefs(signal: AbortSignal): Promise<Prefs> {
    const prefs = jsonObject(await this.#ok({ path: 'prefs' }, signal));
    const exitNode = prefs['ExitNodeID'] || prefs['ExitNodeIP'];
    return {
      routeAll: prefs['RouteAll'] === true,
      corpDns: prefs['CorpDNS'] === true,
      exitNode: typeof exitNode === 'string' ? exitNode : '',
    };
  }

  /**
   * The tailnet's DNS configuration; `undefined` before the netmap, 'unsupported' before 1.98.
   * @throws SpacetailError `local_api_failed`, the signal's reason
   */
  async dnsConfig(signal: AbortSignal): Promise<DnsConfig | 'unsupported' | undefined> {
    const reply = await this.call({ path: 'dns-config', maxBytes: 32 << 20 }, signal);
    if (reply.kind === 'answer' && reply.status === 404) return 'unsupported';
    // "no netmap"
    if (reply.kind === 'answer' && reply.status === 503) return undefined;
    return readDnsConfig(jsonObject(bodyOf(reply, 'dns-config')));
  }

  /** The same from the first message of the IPN bus, which carries the whole netmap: for tailscaled before 1.98. */
  async netmapDnsConfig(signal: AbortSignal): Promise<DnsConfig | undefined> {
    const line = await firstBusLine(this.socketPath, NOTIFY_INITIAL_NETMAP, signal);
    return line === undefined ? undefined : readNetmapDns(jsonObject(line));
  }

  /** Asks as quad-100 would, split DNS included. */
  async dnsQuery(name: string, type: 'A' | 'AAAA', signal: AbortSignal): Promise<DnsReply> {
    const reply = await this.call(
      { path: `dns-query?name=${encodeURIComponent(name)}&type=${type}` },
      signal,
    );
    if (reply.kind === 'down') return reply;
    const detail = reply.body.subarray(0, 200).toString('utf8').trim();
    if (reply.status === 404 || reply.status === 501) {
      return { kind: 'unsupported', detail: 'this tailscaled has no dns-query' };
    }
    if (reply.status === 403)
      return { kind: 'unsupported', detail: `tailscaled refuses dns-query: ${detail}` };
    if (reply.status !== 200) return { kind: 'failed', detail };
    return dnsReply(reply.body);
  }

  /** Ends the session of this node; an ephemeral one is removed. */
  async logout(signal: AbortSignal): Promise<void> {
    bodyOf(await this.call({ method: 'POST', path: 'logout' }, signal), 'logout', 204);
  }

  /**
   * The peer whose connection reached our loopback from this source, e.g. `web.tail1.ts.net`; `undefined` when
   * tailscaled knows of none. @throws SpacetailError when it does not say
   */
  async whois(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const reply = await this.call(
      { path: `whois?proto=tcp&addr=${encodeURIComponent(address)}` },
      signal,
    );
    if (reply.kind === 'answer' && reply.status === 404) return undefined;
    const node = parsed(bodyOf(reply, 'whois'))?.['Node'];
    const name = isObject(node) ? node['Name'] : undefined;
    return typeof name === 'string' && name !== ''
      ? name.replace(/\.$/, '').toLowerCase()
      : 'a peer';
  }

  /** What the IPN bus tells of peers, as it comes; ends when tailscaled does. @throws SpacetailError, the signal's reason */
  watch(mask: number, signal: AbortSignal): AsyncGenerator<PeerNotice[], void> {
    return watchBus(this.socketPath, mask, signal);
  }

  async #ok(request: LocalApiRequest, signal: AbortSignal): Promise<Buffer<ArrayBuffer>> {
    return bodyOf(await this.call(request, signal), request.path);
  }
}

/** ipn.NotifyInitialNetMap */
const NOTIFY_INITIAL_NETMAP = 8;

function bodyOf(reply: LocalApiReply, what: string, also = 200): Buffer<ArrayBuffer> {
  if (reply.kind === 'down')
    throw new SpacetailError('local_api_failed', `tailscaled does not answer: ${reply.detail}`);
  if (reply.status === 200 || reply.status === also) return reply.body;
  const text = reply.body.subarray(0, 200).toString('utf8').trim();
  throw new SpacetailError(
    'local_api_failed',
    `tailscaled answers ${reply.status} to ${what}: ${text}`,
  );
}

function parsed(body: Uint8Array<ArrayBuffer>): Json | undefined {
  try {
    const value: unknown = JSON.parse(
      Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'),
    );
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function jsonObject(body: Uint8Array<ArrayBuffer>): Json {
  const value = parsed(body);
  if (value === undefined)
    throw new SpacetailError(
      'local_api_failed',
      'tailscaled answers something that is no JSON object',
    );
  return value;
}

function dnsReply(body: Buffer<ArrayBuffer>): DnsReply {
  const value = parsed(body);
  const bytes = value?.['Bytes'];
  if (typeof bytes !== 'string')
    return { kind: 'failed', detail: 'tailscaled answers without a DNS message' };
  const resolvers = Array.isArray(value?.['Resolvers']) ? value['Resolvers'] : [];
  return {
    kind: 'answer',
    message: Buffer.from(bytes, 'base64'),
    resolvers: resolvers.map(addressOfResolver),
  };
}

function addressOfResolver(resolver: unknown): string {
  return isObject(resolver) ? text(resolver['Addr']) : '';
}
