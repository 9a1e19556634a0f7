/** The names of an index that are no node's: ExtraRecords of every type, and Services. */
import type { AddressTableBuilder } from './address-table.ts';
import { type IpWords, newIpWords, readIp } from './ip.ts';
import { ownerOfAddress } from './address-table.ts';
import type { NameTableBuilder } from './name-table.ts';
import { normaliseName } from './names.ts';
import {
  type OtherNames,
  RECORD_ALIAS,
  RECORD_EXTRA,
  RECORD_SERVICE,
  type RecordColumns,
} from './packed-index.ts';
import type { ExtraRecord, Service } from './status-types.ts';

interface Draft {
  kind: number;
  readonly addresses: string[];
  alias: string;
}

export interface Records {
  readonly columns: RecordColumns;
  readonly otherNames: OtherNames;
}

/** A node has its name before any record (tailscale: resolve.go resolveMagicDNS); a Service before a record of its VIP. */
export function buildRecords(
  extraRecords: readonly ExtraRecord[],
  services: readonly Service[],
  suffix: string,
  names: NameTableBuilder,
  addresses: AddressTableBuilder,
): Records {
  const drafts = draftsOf(extraRecords, services, suffix, names);
  const kinds = new Uint8Array(drafts.size);
  const addressStarts = new Uint32Array(drafts.size + 1);
  const aliasOffsets = new Uint32Array(drafts.size);
  const aliasLengths = new Uint8Array(drafts.size);
  const others: { node: number; entry: number }[] = [];
  const scratch = newIpWords();
  let row = 0;
  addressStarts[0] = addresses.size;
  for (const [name, draft] of drafts) {
    const entry = names.set(name, -1 - row);
    kinds[row] = draft.kind;
    const node = addAddresses(draft.addresses, addresses, scratch);
    if (node >= 0) others.push({ node, entry });
    if (draft.alias !== '') {
      aliasOffsets[row] = names.append(draft.alias);
      aliasLengths[row] = draft.alias.length;
      const holder = names.get(draft.alias);
      if (holder >= 0) others.push({ node: holder, entry });
    }
    addressStarts[++row] = addresses.size;
  }
  others.sort((a, b) => a.node - b.node);
  return {
    columns: { kinds, addressStarts, aliasOffsets, aliasLengths },
    otherNames: {
      nodes: Uint32Array.from(others, (other) => other.node),
      entries: Uint32Array.from(others, (other) => other.entry),
    },
  };
}

function draftsOf(
  extraRecords: readonly ExtraRecord[],
  services: readonly Service[],
  suffix: string,
  names: NameTableBuilder,
): Map<string, Draft> {
  const drafts = new Map<string, Draft>();
  for (const service of services) {
    const draft = { kind: RECORD_SERVICE, addresses: [...service.addresses], alias: '' };
    const spellings =
      suffix === '' ? [service.label] : [service.label, `${service.label}.${suffix}`];
    for (const name of spellings)
      if (!names.has(name) && name.length <= 253) drafts.set(name, draft);
  }
  for (const { name, type, value } of extraRecords) {
    if (names.has(name)) continue;
    const draft = drafts.get(name) ?? { kind: RECORD_EXTRA, addresses: [], alias: '' };
    if (type === '' || type === 'A' || type === 'AAAA') {
      if (!draft.addresses.includes(value)) draft.addresses.push(value);
    } else if (type === 'CNAME' && draft.addresses.length === 0) {
      draft.alias = normaliseName(value) ?? '';
      draft.kind = RECORD_ALIAS;
    } else continue;
    drafts.set(name, draft);
  }
  return drafts;
}

/** Adds a record's addresses, IPv4 first; returns the node they belong to, or -1. */
function addAddresses(
  values: readonly string[],
  addresses: AddressTableBuilder,
  scratch: IpWords,
): number {
  let node = -1;
  for (const family of [4, 6] as const) {
    for (const value of values) {
      if (readIp(value, scratch) !== family) continue;
      const owner = ownerOfAddress(addresses, family, scratch);
      if (owner >= 0 && node < 0) node = owner;
      addresses.add(family, scratch, -1);
    }
  }
  return node;
}
