/** Why a name has no address, as a failure that a person can act on. */
import type { Failure } from './failure.ts';
import { failure } from './failure.ts';
import { hostForLog } from './authority.ts';
import type { Resolution } from './tailnet.ts';

const SHOWN = 3;

export function explainResolution(resolution: Resolution): Failure {
  const host = hostForLog(resolution.host);
  switch (resolution.kind) {
    case 'not_found': {
      return failure(
        'name_unknown',
        sentence(host, 'does not exist', resolution.detail),
        hintFor(resolution),
      );
    }
    case 'no_answer': {
      return failure(
        'resolver_silent',
        sentence(host, 'was not resolved in time', resolution.detail),
        'Check the resolvers: `spacetail resolve NAME` shows who was asked.',
      );
    }
    case 'unavailable': {
      return failure(
        'tailnet_unavailable',
        sentence(host, 'belongs to the tailnet, which cannot be asked now', resolution.detail),
        'See `spacetail status`; tailscaled is restarted by itself when it has ended.',
      );
    }
    case 'resolved': {
      return failure(
        'internal',
        `${host} has an address and was refused for having none`,
        'Please report it.',
      );
    }
  }
}

function hintFor({ nearest, owned }: Extract<Resolution, { kind: 'not_found' }>): string {
  if (nearest.length > 0) return `Did you mean ${nearest.slice(0, SHOWN).join(', ')}?`;
  return owned
    ? 'Check the name with `spacetail resolve NAME`, and that the access rules let this node see it.'
    : 'Check the name; a name of the tailnet is written short or with its suffix.';
}

function sentence(host: string, says: string, detail: string): string {
  return detail === '' ? `${host} ${says}` : `${host} ${says}: ${detail}`;
}
