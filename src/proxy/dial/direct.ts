/** Dials one judged literal by the host network. */
import type { Plan } from '../decide/decide.ts';
import { formatAuthority } from '../core/authority.ts';
import { openConnection } from './connection.ts';
import type { AttemptOptions, Dialled } from './dial-context.ts';
import { hostFailure } from './failures.ts';
import { connected } from './handshake.ts';

/** Dials `plan.ip` alone. */
export async function dialDirect(
  { host, port, ip = '' }: Plan,
  { isFixed, timeoutMs, signal }: AttemptOptions,
): Promise<Dialled> {
  const connection = openConnection({ address: ip, port, isFixed });
  const result = await connected(connection, { timeoutMs, signal });
  return result.kind === 'answer'
    ? { kind: 'connected', connection, ip }
    : { kind: 'failed', failure: hostFailure(result, formatAuthority(host, port), timeoutMs) };
}
