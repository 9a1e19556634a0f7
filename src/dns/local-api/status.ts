/**
 * Reads a status document: `tailscale status --json`, or LocalAPI's `GET /localapi/v0/status`. Checks by
 * hand: ten thousand peers take a third of what a schema library takes. What makes no sense is left out
 * and counted; only a document that is no status at all is an error. Readers are generators: they yield where
 * the event loop may have a turn.
 */
import { SpacetailError } from '../../errors.ts';
import { type ExtraRecord, readExtraRecords } from './dns-config.ts';
import { isObject, type Json, text, texts, timeMs } from './json-fields.ts';
import { normaliseName } from './names.ts';
import { cutPeers } from './status-pieces.ts';
import type { BackendState, Service, Status, StatusNode } from './status-types.ts';

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

function readNode(node: Json): StatusNode {
  const dnsName = text(node['DNSName']);
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
    // tailscaled says so by the clock of the control server (ipnlocal/expiry.go); ours may be wrong.
    expired: node['Expired'] === true,
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

function addPeers(read: StatusNode[], peers: unknown, complaints: Complaints): void {
  if (peers === null || peers === undefined) return;
  if (!isObject(peers)) {
    complaints.add('the status has a list of peers that is not an object');
    return;
  }
  for (const key of Object.keys(peers)) {
    const peer = peers[key];
    const node = isObject(peer) ? readNode(peer) : undefined;
    if (node === undefined || (node.name === '' && node.addresses.length === 0)) {
      complaints.add(
        `a peer of the status was left out: ${shortened(key)} has neither name nor address`,
      );
    } else read.push(node);
  }
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
 * Reads a status document from its bytes. `moreRecords` are the
 * ExtraRecords from elsewhere, since a status has them only from 1.100 on.
 * @throws SpacetailError `status_unreadable` when it is not a status document
 */
export function* readStatus(
  bytes: Uint8Array,
  moreRecords: readonly ExtraRecord[] = [],
): Generator<void, Status> {
  if (bytes.length > MAX_DOCUMENT_BYTES) {
    throw new SpacetailError(
      'status_unreadable',
      `the status of tailscale is larger than ${MAX_DOCUMENT_BYTES >> 20} MB`,
    );
  }
  const complaints = new Complaints();
  const peers: StatusNode[] = [];
  const pieces = cutPeers(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  let piece = pieces.next();
  for (; piece.done !== true; piece = pieces.next()) {
    addPeers(peers, parseJson(piece.value, bytes.length), complaints);
    yield;
  }
  const document = parseJson(piece.value, bytes.length);
  if (!isObject(document)) {
    throw new SpacetailError('status_unreadable', 'the status of tailscale is not a JSON object');
  }
  const state = document['BackendState'];
  if (typeof state !== 'string') {
    throw new SpacetailError('status_unreadable', 'the status of tailscale has no BackendState');
  }
  if (!backendStates.has(state))
    complaints.add(`the status has an unknown state: ${shortened(state)}`);
  const self: Json = isObject(document['Self']) ? document['Self'] : {};
  const tailnet: Json = isObject(document['CurrentTailnet']) ? document['CurrentTailnet'] : {};
  const own = readNode(self);
  const records = readExtraRecords(document['ExtraRecords'], () =>
    complaints.add(
      'an extra DNS record of the status was left out: it has no usable name or value',
    ),
  );
  addPeers(peers, document['Peer'], complaints);
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
    peers,
    extraRecords: records.length > 0 ? records : moreRecords,
    services: readServices(self['CapMap']),
    skipped: complaints.skipped,
    warnings: complaints.warnings,
  };
}

function parseJson(json: string, documentBytes: number): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // V8's message quotes the document, which may hold a login URL.
    throw new SpacetailError(
      'status_unreadable',
      `the status of tailscale is not JSON (${documentBytes} bytes)`,
    );
  }
}
