/** Which requests a spare is for, and what it rests on. */
import type { Plan } from '../../decide/decide.ts';
import type { Tailnet } from '../../../tailnet.ts';

/** The place and the way there. A name is no part of it: two names of one address share a spare. */
export function spareKey({ via, hop, ip, port, tailnet }: Plan): string {
  return `${tailnet?.name ?? ''}!${via} ${hop?.name ?? ''} ${ip ?? ''} ${port}`;
}

/** What the netmap says of the plan's address now. A spare that was dialled on other grounds is closed. */
export function spareGround({ ip = '', tailnet: own }: Plan, all: Tailnet): string {
  const tailnet = own ?? all;
  const owner = tailnet.ownerOf(ip);
  const peer = owner?.kind === 'peer' || owner?.kind === 'subnet' ? owner.peer : undefined;
  const route = owner?.kind === 'subnet' ? [owner.prefix, owner.accepted] : [];
  const node = peer && [peer.names, peer.addresses, peer.tags, peer.online, peer.keyExpired];
  return JSON.stringify([tailnet.state().kind, owner?.kind, route, node, tailnet.exitNode()?.name]);
}
