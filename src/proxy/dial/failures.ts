/** What to say of a dial that failed: of a peer its name, its state, when it was last seen; and what to do. */
import { formatAuthority } from '../core/authority.ts';
import { clientGone } from '../core/failure.ts';
import type { HandshakeFailure } from './handshake.ts';
import type { Loss } from './race.ts';
import type { Plan } from '../decide/decide.ts';
import type { Failure } from '../core/failure.ts';
import { failure } from '../core/failure.ts';
import type { Peer } from '../../tailnet.ts';

export function offline(peer: Peer, plan: Plan): Failure {
  const role = plan.via === 'subnet' ? `, which routes to ${plan.ip}, is` : ' is';
  const detail = `${peer.name}${role} offline: ${lastSeen(peer)}${tagsOf(peer)}`;
  return failure('peer_unavailable', detail, 'Check the node, or its key expiry.');
}

export function expired(peer: Peer): Failure {
  const detail = `the key of ${peer.name} has expired: ${lastSeen(peer)}${tagsOf(peer)}`;
  return failure(
    'peer_unavailable',
    detail,
    'Renew its key, or turn its key expiry off in the admin console.',
  );
}

export function refused(plan: Plan): Failure {
  const detail = `${targetOf(plan)} refused the connection${who(plan)}`;
  return failure(
    'refused',
    detail,
    'Nothing listens on that port there, or the access rules of the tailnet reject it.',
  );
}

export function unreachable(plan: Plan, why: string): Failure {
  const detail = `${targetOf(plan)} cannot be reached${who(plan)}: ${why}`;
  return failure(
    'unroutable',
    detail,
    'Check that the address is right and that its router serves it.',
  );
}

export function silent(plan: Plan, timeoutMs: number): Failure {
  const detail = `${targetOf(plan)} did not answer within ${seconds(timeoutMs)} s${who(plan)}`;
  return failure(
    'timed_out',
    detail,
    'Check that the node runs and that the access rules allow the port: a forbidden port is silent. SPACETAIL_CONNECT_TIMEOUT raises the limit.',
  );
}

/** The netmap has changed while it was dialled. */
export function noLongerThere(plan: Plan): Failure {
  const detail = `${targetOf(plan)}: no node of the tailnet has its address any more${who(plan)}`;
  return failure('peer_unavailable', detail, 'Check the node, and that its routes are approved.');
}

export function tailnetDown(plan: Plan, why: string): Failure {
  const detail = `${targetOf(plan)} is reached through the tailnet, which is down: ${why}`;
  return failure(
    'tailnet_unavailable',
    detail,
    'See `spacetail status`; tailscaled is restarted by itself when it has ended.',
  );
}

function targetOf({ host, port }: Plan): string {
  return formatAuthority(host, port);
}

function who({ hop, via }: Plan): string {
  if (hop === undefined) return '';
  if (via === 'exit') return ` (through the exit node ${hop.name})`;
  const role = via === 'subnet' ? 'through ' : '';
  return ` (${role}${hop.name}${hop.online === true ? ', online' : ''})`;
}

function tagsOf({ tags }: Peer): string {
  return tags.length === 0 ? '' : ` (${tags.join(', ')})`;
}

/** e.g. `last seen 3 h ago` */
export function lastSeen({ lastSeenMs }: Peer, nowMs: number = Date.now()): string {
  if (lastSeenMs === undefined) return 'last seen at an unknown time';
  const seconds = Math.max(0, Math.round((nowMs - lastSeenMs) / 1000));
  if (seconds < 90) return `last seen ${seconds} s ago`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `last seen ${minutes} min ago`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `last seen ${hours} h ago` : `last seen ${Math.round(hours / 24)} days ago`;
}

/** Of a dial by the host network to `target`, e.g. `a.example:443`. */
export function hostFailure(result: HandshakeFailure, target: string, timeoutMs: number): Failure {
  if (result.kind === 'aborted') return clientGone();
  if (result.kind === 'timeout') {
    const detail = `${target} did not answer within ${seconds(timeoutMs)} s`;
    return failure(
      'timed_out',
      detail,
      'Check the address and the firewalls between; SPACETAIL_CONNECT_TIMEOUT raises the limit.',
    );
  }
  return systemFailure(result.code, target);
}

function systemFailure(code: string, target: string): Failure {
  switch (code) {
    case 'ECONNREFUSED': {
      return failure(
        'refused',
        `${target} refused the connection`,
        'Nothing listens on that port there; check the port.',
      );
    }
    case 'ECONNRESET':
    case 'EPIPE':
    case 'EOF': {
      return failure(
        'terminated',
        `${target} ended the connection at once`,
        'Check the service and what stands before it.',
      );
    }
    case 'ETIMEDOUT': {
      return failure(
        'timed_out',
        `${target} did not answer`,
        'Check the address and the firewalls between.',
      );
    }
    case 'EMFILE':
    case 'ENFILE':
    case 'EADDRNOTAVAIL': {
      return failure(
        'too_many_connections',
        `no socket left to dial ${target} (${code})`,
        'Raise the limit of open files, or lower the number of connections.',
      );
    }
    default: {
      return failure(
        'unroutable',
        `${target} cannot be reached (${code})`,
        'This container has no way there; check its network.',
      );
    }
  }
}

/** What became of each address, the most telling first: the whole is of its kind. */
const PHRASES = [
  ['tailnet_unavailable', 'is behind the tailnet, which is down,'],
  ['too_many_connections', 'found no socket left'],
  ['timed_out', 'did not answer'],
  ['refused', 'refused the connection'],
  ['terminated', 'ended the connection at once'],
  ['peer_unavailable', 'is behind a node that is away'],
  ['unroutable', 'cannot be reached'],
] as const;
/** How many addresses are named for each. */
const NAMED = 3;

/** Of a name all of whose addresses were tried: refused by all is refused, silent all silent, else it says both. */
export function allFailed(plan: Plan, losses: readonly Loss[]): Failure {
  const [first] = losses;
  if (first === undefined) return clientGone();
  // The addresses of one node fail one after the other, and its age is told in seconds.
  const stated = ({ failure: { detail } }: Loss): string =>
    detail.replace(/: last seen .* ago/, '');
  const isOfAll = losses.every((loss) => stated(loss) === stated(first));
  if (isOfAll && first.failure.kind.endsWith('_unavailable')) return first.failure;
  const groups = PHRASES.map(([kind, phrase]) => ({
    phrase,
    of: losses.filter((loss) => loss.failure.kind === kind),
  })).filter(({ of }) => of.length > 0);
  const says = groups.map(({ phrase, of }) => `${phrase} at ${listed(of)}`).join(' and ');
  const { kind, hint } = groups[0]?.of[0]?.failure ?? first.failure;
  return failure(kind, `${targetOf(plan)} ${says}`, hint);
}

function listed(losses: readonly Loss[]): string {
  const named = losses.slice(0, NAMED).map(({ ip }) => ip);
  const more = losses.length - named.length;
  return `${named.join(', ')}${more > 0 ? `, ${more} more` : ''}`;
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
