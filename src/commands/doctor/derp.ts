import type { Config } from '../../config.ts';
import type { StatusDocument } from '../../serve/status.ts';
import { failure, type Finding, ok, warning } from './check.ts';
import { loginServerOf, reasonOf } from './control-server.ts';
import { httpGet } from './http-get.ts';

const name = 'DERP';
const hint =
  'Without a relay most peers are out of reach from a container: allow HTTPS to the DERP servers.';
/** One that answers is enough; more are asked only when the first are down. */
const regionsAsked = 3;

interface DerpNode {
  readonly HostName?: unknown;
  readonly DERPPort?: unknown;
}

/** Whether a relay is reached: from the control server's map, or the one in the control server itself (headscale). */
export async function checkDerp(
  config: Config,
  status: StatusDocument | undefined,
  signal: AbortSignal,
): Promise<Finding> {
  if (status?.state === 'running') return ok(name, 'tailscaled is connected');
  const server = loginServerOf(config);
  try {
    const map = await httpGet(`${server}/derpmap/default`, config.upstreamProxy, signal);
    const hosts = map.status === 200 ? relaysOf(map.body) : [];
    return hosts.length === 0
      ? await probeEmbedded(server, config, signal)
      : await probeAny(hosts, config, signal);
  } catch (error) {
    signal.throwIfAborted();
    return warning(
      name,
      `which relays there are is not known: ${reasonOf(error)}`,
      'Run doctor again once the control server answers.',
    );
  }
}

/** `host:port` of the first node of some regions. */
export function relaysOf(body: string): string[] {
  try {
    const { Regions = {} } = JSON.parse(body) as {
      Regions?: Record<string, { Nodes?: DerpNode[] }>;
    };
    return Object.values(Regions).flatMap(({ Nodes }) => {
      const { HostName, DERPPort } = Nodes?.[0] ?? {};
      if (typeof HostName !== 'string' || !/^[\w.-]+$/.test(HostName)) return [];
      return [typeof DERPPort === 'number' && DERPPort > 0 ? `${HostName}:${DERPPort}` : HostName];
    });
  } catch {
    return [];
  }
}

async function probeAny(
  hosts: readonly string[],
  config: Config,
  signal: AbortSignal,
): Promise<Finding> {
  let last = '';
  for (const host of hosts.slice(0, regionsAsked)) {
    try {
      const { status } = await httpGet(`https://${host}/derp/probe`, config.upstreamProxy, signal);
      if (status < 400) return ok(name, `${host} answers`);
      last = `${host} answered ${status}`;
    } catch (error) {
      signal.throwIfAborted();
      last = `${host}: ${reasonOf(error)}`;
    }
  }
  return failure(name, `no relay is reached, the last: ${last}`, hint);
}

async function probeEmbedded(
  server: string,
  config: Config,
  signal: AbortSignal,
): Promise<Finding> {
  const { status } = await httpGet(`${server}/derp/probe`, config.upstreamProxy, signal);
  if (status < 400) return ok(name, `the relay in ${server} answers`);
  return warning(
    name,
    `${server} does not tell which relays there are`,
    'Check again after `spacetail up`.',
  );
}
