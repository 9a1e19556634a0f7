/** Status → index: once a change, in at most 60 ms for 10,000 peers with 5,000 routes. */
import { AddressTableBuilder } from './address-table.ts';
import { NameTableBuilder } from './name-table.ts';
import { isUnder } from './names.ts';
import { NodeBuilder } from './node-builder.ts';
import type { PackedIndex } from './packed-index.ts';
import { buildRecords } from './record-builder.ts';
import { RouteBuilder } from './route-builder.ts';
import type { Status, StatusNode } from './status-types.ts';

const SELF = 0;
const RANK_PRIMARY = 2;
const RANK_ONLINE = 1;

export function buildIndex(status: Status): PackedIndex {
  const nodes = [status.self, ...status.peers];
  const names = new NameTableBuilder(
    nodes.length * 2 + status.extraRecords.length + status.services.length * 2,
  );
  const addresses = new AddressTableBuilder();
  const nodeBuilder = new NodeBuilder(names, addresses, status.suffix, nodes.length);
  let refused = 0;
  for (const node of nodes) refused += nodeBuilder.add(node);
  // Names that this node has certificates for; others could be anybody's.
  for (const name of status.certDomains) {
    if (isUnder(name, status.suffix) && !names.has(name)) names.set(name, SELF);
  }
  const routes = new RouteBuilder();
  status.peers.forEach((peer, at) => {
    refused += addRoutes(peer, at + 1, routes, addresses);
  });
  const records = buildRecords(
    status.extraRecords,
    status.services,
    status.suffix,
    names,
    addresses,
  );
  const { columns, tags } = nodeBuilder.finish();
  return {
    summary: {
      version: status.version,
      backendState: status.backendState,
      authUrl: status.authUrl,
      health: status.health,
      suffix: status.suffix,
      magicDnsEnabled: status.magicDnsEnabled,
      tailnetName: status.tailnetName,
      certDomains: status.certDomains,
      peers: status.peers.length,
      onlineKnown: status.peers.some((peer) => peer.online),
      exitNode: status.peers.findIndex((peer) => peer.exitNode) + 1 || -1,
      tags,
      skipped: status.skipped,
      warnings: refused === 0 ? status.warnings : [...status.warnings, refusedSentence(refused)],
    },
    names: names.finish(),
    addresses: addresses.finish(),
    nodes: columns,
    routes: routes.finish(),
    records: records.columns,
    otherNames: records.otherNames,
  };
}

function refusedSentence(count: number): string {
  return count === 1
    ? 'a peer claims an address or route that no peer can have: it is ignored'
    : `peers claim ${count} addresses or routes that no peer can have: they are ignored`;
}

function addRoutes(
  peer: StatusNode,
  row: number,
  routes: RouteBuilder,
  addresses: AddressTableBuilder,
): number {
  const online = peer.online ? RANK_ONLINE : 0;
  let refused = 0;
  const add = (prefix: string, rank: number) => {
    const kind = routes.add(prefix, row, rank);
    if (kind === 'refused') refused++;
    else if (kind === 'address') addresses.add(prefix.includes(':') ? 6 : 4, routes.words, row);
  };
  for (const prefix of peer.primaryRoutes) add(prefix, RANK_PRIMARY + online);
  for (const prefix of peer.allowedIps) add(prefix, online);
  return refused;
}
