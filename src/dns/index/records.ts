/** The names of an index that are no node's: ExtraRecords of every type, and Services. */
import { formatAddress, parseAddress } from '../../ip/addresses.ts';
import { normaliseName } from '../local-api/names.ts';
import type { Status } from '../local-api/status-types.ts';
import { type IndexedNode, type Named, nodeOf } from './nodes.ts';

const MAX_NAME_LENGTH = 253;

interface Draft {
  readonly source: 'extra-records' | 'services';
  readonly addresses: string[];
  readonly alias: string | undefined;
}

/**
 * Adds what the status has of them. A node has its name before any record (tailscale: resolve.go
 * resolveMagicDNS), a Service before a record of its VIP; a node that a record means gets its name.
 */
export function addRecords(
  { extraRecords, services, suffix }: Status,
  names: Map<string, Named>,
  owners: ReadonlyMap<string, IndexedNode>,
): void {
  const drafts = new Map<string, Draft>();
  for (const { label, addresses } of services) {
    const draft: Draft = { source: 'services', addresses: [...addresses], alias: undefined };
    for (const name of suffix === '' ? [label] : [label, `${label}.${suffix}`])
      if (!names.has(name) && name.length <= MAX_NAME_LENGTH) drafts.set(name, draft);
  }
  for (const { name, type, value } of extraRecords) {
    const draft = names.has(name) ? undefined : withRecord(drafts.get(name), type, value);
    if (draft !== undefined) drafts.set(name, draft);
  }
  for (const [name, draft] of drafts) {
    const named = draft.alias === undefined ? addressesOf(draft, owners) : aliasOf(draft.alias);
    names.set(name, named);
    const node = named.kind === 'alias' ? nodeOf(names.get(named.target)) : nodeOf(named);
    if (node !== undefined && !node.names.includes(name)) node.names.push(name);
  }
}

function withRecord(known: Draft | undefined, type: string, value: string): Draft | undefined {
  if (type === '' || type === 'A' || type === 'AAAA') {
    const draft = known ?? { source: 'extra-records', addresses: [], alias: undefined };
    if (!draft.addresses.includes(value)) draft.addresses.push(value);
    return draft;
  }
  const alias = type === 'CNAME' && known === undefined ? normaliseName(value) : undefined;
  return alias === undefined ? undefined : { source: 'extra-records', addresses: [], alias };
}

function aliasOf(target: string): Named {
  return { kind: 'alias', target };
}

/** IPv4 first. */
function addressesOf({ source, addresses }: Draft, owners: ReadonlyMap<string, IndexedNode>) {
  const read = addresses.map(parseAddress).filter((address) => address !== undefined);
  const kept = read.toSorted((one, other) => one.family - other.family).map(formatAddress);
  const owned = kept.find((address) => owners.has(address));
  const node = owned === undefined ? undefined : owners.get(owned);
  return { kind: 'addresses', source, addresses: kept, node } as const satisfies Named;
}
