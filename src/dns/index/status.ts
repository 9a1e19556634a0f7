/**
 * Reads a status document: `tailscale status --json`, or LocalAPI's `GET /localapi/v0/status`. Checks by
 * hand: ten thousand peers take a third of what a schema library takes. What makes no sense is left out
 * and counted; only a document that is no status at all is an error.
 */
import { SpacetailError } from '../../errors.ts';
import { readExtraRecords } from './extra-records.ts';
import { isObject, type Json, text, texts, timeMs } from '../local-api/json-fields.ts';
import { normaliseName } from './names.ts';
import type { BackendState, ExtraRecord, Service, Status, StatusNode } from './status-types.ts';

/** Ten times the document of 30,000 peers. */
const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024;
const MAX_ADDRESSES = 64;
const MAX_ROUTES = 10_000;
const MAX_TAGS = 128;
const MAX_WARNINGS = 5;

const backendStates: ReadonlySet<string> = new Set([
  'NoState',
  'NeedsLogin',
  'NeedsMachineAuth',
  'Stopped',
  'Starting',
  'Running',
  'InUseOtherUser',
]);

function readNode(node: Json, nowMs: number): StatusNode {
  const dnsName = text(node['DNSName']);
  const expiryMs = timeMs(node['KeyExpiry']);
  const nodeId = node['NodeID'];
  const capabilities = node['CapMap'];
  return {
    id: text(node['ID']),
    nodeId: typeof nodeId === 'number' && Number.isSafeInteger(nodeId) ? nodeId : 0,
    name: dnsName === '' ? '' : (normaliseName(dnsName) ?? ''),
    addresses: texts(node['TailscaleIPs'], MAX_ADDRESSES),
    allowedIps: texts(node['AllowedIPs'], MAX_ROUTES),
    primaryRoutes: texts(node['PrimaryRoutes'], MAX_ROUTES),
    tags: texts(node['Tags'], MAX_TAGS),
    online: node['Online'] === true,
    expired: node['Expired'] === true || (expiryMs > 0 && expiryMs <= nowMs),
    lastSeenMs: timeMs(node['LastSeen']),
    createdMs: timeMs(node['Created']),
    exitNode: node['ExitNode'] === true,
    subdomains: isObject(capabilities) && Object.hasOwn(capabilities, 'dns-subdomain-resolve'),
  };
}

class Complaints {
  skipped = 0;
  readonly warnings: string[] = [];

  add(sentence: string): void {
    this.skipped++;
    if (this.warnings.length < MAX_WARNINGS) this.warnings.push(sentence);
  }
}

function readPeers(peers: unknown, nowMs: number, complaints: Complaints): StatusNode[] {
  if (peers === null || peers === undefined) return [];
  if (!isObject(peers)) {
    complaints.add('the status has a list of peers that is not an object');
    return [];
  }
  const read: StatusNode[] = [];
  for (const key of Object.keys(peers)) {
    const peer = peers[key];
    const node = isObject(peer) ? readNode(peer, nowMs) : undefined;
    if (node === undefined || (node.name === '' && node.addresses.length === 0)) {
      complaints.add(
        `a peer of the status was left out: ${shortened(key)} has neither name nor address`,
      );
    } else read.push(node);
  }
  return read;
}

function shortened(key: string): string {
  return JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}…` : key);
}

/** Services stand in this node's CapMap under opaque keys (tailcfg.NodeAttrPrefixServices). */
function readServices(capabilities: unknown): Service[] {
  if (!isObject(capabilities)) return [];
  const services: Service[] = [];
  for (const key of Object.keys(capabilities)) {
    const values = key.startsWith('services/') ? capabilities[key] : undefined;
    const details: unknown = Array.isArray(values) ? values[0] : undefined;
    if (!isObject(details)) continue;
    const name = text(details['Name']);
    const label = name.startsWith('svc:') ? normaliseName(name.slice(4)) : undefined;
    if (label) services.push({ label, addresses: texts(details['Addrs'], MAX_ADDRESSES) });
  }
  return services;
}

/**
 * Reads a status from its parsed JSON. `nowMs` decides which keys have expired; `moreRecords` are the
 * ExtraRecords from elsewhere, since a status has them only from 1.100 on.
 * @throws SpacetailError `status_unreadable` when it is not a status document
 */
export function readStatus(
  document: unknown,
  nowMs: number,
  moreRecords: readonly ExtraRecord[] = [],
): Status {
  if (!isObject(document)) {
    throw new SpacetailError('status_unreadable', 'the status of tailscale is not a JSON object');
  }
  const state = document['BackendState'];
  if (typeof state !== 'string') {
    throw new SpacetailError('status_unreadable', 'the status of tailscale has no BackendState');
  }
  const complaints = new Complaints();
  if (!backendStates.has(state))
    complaints.add(`the status has an unknown state: ${shortened(state)}`);
  const self: Json = isObject(document['Self']) ? document['Self'] : {};
  const tailnet: Json = isObject(document['CurrentTailnet']) ? document['CurrentTailnet'] : {};
  const own = readNode(self, nowMs);
  const records = readExtraRecords(document['ExtraRecords'], () =>
    complaints.add(
      'an extra DNS record of the status was left out: it has no usable name or value',
    ),
  );
  const suffix = text(document['MagicDNSSuffix']) || text(tailnet['MagicDNSSuffix']);
  return {
    version: text(document['Version']),
    backendState: backendStates.has(state) ? (state as BackendState) : 'NoState',
    authUrl: text(document['AuthURL']),
    health: texts(document['Health'], MAX_TAGS),
    suffix: suffix === '' ? '' : (normaliseName(suffix) ?? ''),
    magicDnsEnabled: tailnet['MagicDNSEnabled'] === true,
    tailnetName: text(tailnet['Name']),
    certDomains: texts(document['CertDomains'], MAX_TAGS)
      .map((name) => normaliseName(name) ?? '')
      .filter(Boolean),
    self:
      own.addresses.length > 0
        ? own
        : { ...own, addresses: texts(document['TailscaleIPs'], MAX_ADDRESSES) },
    peers: readPeers(document['Peer'], nowMs, complaints),
    extraRecords: records.length > 0 ? records : moreRecords,
    services: readServices(self['CapMap']),
    skipped: complaints.skipped,
    warnings: complaints.warnings,
  };
}

/**
 * Reads a status document from its bytes.
 * @throws SpacetailError `status_unreadable`
 */
export function parseStatus(
  bytes: Uint8Array,
  nowMs = Date.now(),
  moreRecords: readonly ExtraRecord[] = [],
): Status {
  if (bytes.length > MAX_DOCUMENT_BYTES) {
    throw new SpacetailError(
      'status_unreadable',
      `the status of tailscale is larger than ${MAX_DOCUMENT_BYTES >> 20} MB`,
    );
  }
  let document: unknown;
  try {
    document = JSON.parse(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
    );
  } catch {
    // V8's message quotes the document, which may hold a login URL.
    throw new SpacetailError(
      'status_unreadable',
      `the status of tailscale is not JSON (${bytes.length} bytes)`,
    );
  }
  return readStatus(document, nowMs, moreRecords);
}
