import { failure, type Finding, ok, warning } from './check.ts';
import { type ListeningSocket, readSocketTable } from '../../proxy/client-process/socket-table.ts';
import { programOf, socketOwners } from './listening-sockets.ts';

const name = 'loopback';
const shown = 5;

/**
 * Who else is on this loopback: whoever reaches it can use the bridge, and in a Kubernetes pod that is every
 * container of the pod.
 */
export async function checkLoopback(
  proxyToken: string | undefined,
  supervisorPid: number | undefined,
): Promise<Finding> {
  const [table, owners] = await Promise.all([readSocketTable(), socketOwners()]);
  const loopback = table
    .listeners()
    .filter(({ host }) => /^(?:127\.|0\.0\.0\.0$|::1?$)/.test(host));
  const foreign = loopback.filter(({ inode }) => !owners.has(inode));
  const visible = new Set(
    loopback
      .map(({ inode }) => owners.get(inode))
      .filter((pid) => pid !== undefined && pid !== supervisorPid && pid !== process.pid),
  );
  const seen = await Promise.all(
    Array.from(visible)
      .slice(0, shown)
      .map((pid) => programOf(pid as number)),
  );
  if (foreign.length > 0) {
    const text = `shared with ${describe(foreign)}, which belong to other users or containers`;
    if (proxyToken !== undefined) return ok(name, `${text}; the proxy token keeps them out`);
    return warning(
      name,
      text,
      'They can use the bridge. Set SPACETAIL_PROXY_TOKEN if they are not trusted.',
    );
  }
  if (loopback.length > 0 && owners.size === 0)
    return failure(name, '/proc cannot be read', 'Mount /proc in the container.');
  const rest = visible.size > shown ? ` and ${visible.size - shown} more` : '';
  return ok(
    name,
    seen.length === 0 ? 'nobody else listens here' : `shared with ${seen.join(', ')}${rest}`,
  );
}

function describe(sockets: readonly ListeningSocket[]): string {
  const ports = Array.from(new Set(sockets.map(({ port }) => port))).sort((a, b) => a - b);
  const rest = ports.length > shown ? ' …' : '';
  return `the listeners on port ${ports.slice(0, shown).join(', ')}${rest}`;
}
