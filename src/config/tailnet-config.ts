/** What of the environment is a tailnet's: once for each of SPACETAIL_TAILNETS. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { memberPaths, runtimePaths } from '../lifecycle/folder/runtime-folder.ts';
import { inboundAllowed } from '../lifecycle/join/up-arguments.ts';
import { tailscaledArguments } from '../lifecycle/tailscaled/tailscaled-arguments.ts';
import { adaptExtraArgs, type ExtraArgs } from './extra-args.ts';
import { holdsSecret } from './tailnet-variables.ts';
import { inTailnet, type TailnetName, variableOf, variablesOf } from './tailnets.ts';
import { cleanHostname } from './values.ts';
import { invalid, parseVariables } from './variables.ts';

export interface TailnetConfig {
  readonly hostname: string;
  readonly tags: readonly string[];
  readonly audience: string | undefined;
  readonly apiBaseUrl: string;
  readonly acceptDns: boolean;
  readonly socket: string | undefined;
  readonly stateDir: string | undefined;
  /** SPACETAIL_DIAL; where a peer may dial in, tailscaled gets no SOCKS port. */
  readonly dial: 'socks' | 'localapi';
  /** Words of TS_EXTRA_ARGS; may hold secrets. */
  readonly upArgs: readonly string[];
  /** Words of TS_TAILSCALED_EXTRA_ARGS without its socket and those that moved our own listeners. */
  readonly tailscaledArgs: readonly string[];
}

export interface NamedTailnet extends TailnetName {
  readonly tailnet: TailnetConfig;
}

/** sun_path holds 107 bytes and a NUL (unix(7)). */
const longestSocket = 107;

interface ReadTailnet extends NamedTailnet {
  readonly extra: ExtraArgs;
}

type Variables = Readonly<Record<string, string>>;

/** @throws SpacetailError config_invalid */
export function readTailnets(
  present: Variables,
  names: readonly TailnetName[],
): readonly [ReadTailnet, ...ReadTailnet[]] {
  const [first, ...others] = names.map((member) =>
    inTailnet(member, { present, all: names }, () => readOne(present, member, names)),
  );
  return [first as ReadTailnet, ...others];
}

function readOne(
  present: Variables,
  member: TailnetName,
  all: readonly TailnetName[],
): ReadTailnet {
  refuseSharedSecret(present, member, all);
  const parsed = parseVariables(variablesOf(present, member, all));
  const extra = adaptExtraArgs(parsed.TS_EXTRA_ARGS, parsed.TS_TAILSCALED_EXTRA_ARGS);
  const { TS_STATE_DIR: stateDir } = parsed;
  const isShared = all.length > 1 && present[variableOf('TS_STATE_DIR', member.name)] === undefined;
  return {
    // Alone it needs no name: nothing is told apart by it.
    name: all.length === 1 ? '' : member.name,
    isOptional: member.isOptional,
    extra,
    tailnet: {
      hostname: parsed.TS_HOSTNAME ?? cleanHostname(`spacelift-${hostname()}`) ?? 'spacelift',
      tags: parsed.TS_OAUTH_TAGS,
      audience: parsed.TS_AUDIENCE,
      apiBaseUrl: parsed.TS_API_BASE_URL,
      acceptDns: parsed.TS_ACCEPT_DNS,
      socket: extra.socket ?? parsed.TS_SOCKET,
      // One folder for all of them holds a folder for each.
      stateDir: stateDir !== undefined && isShared ? join(stateDir, member.name) : stateDir,
      dial: parsed.SPACETAIL_DIAL ?? (inboundAllowed(extra.upArgs) ? 'localapi' : 'socks'),
      upArgs: extra.upArgs,
      tailscaledArgs: extra.tailscaledArgs,
    },
  };
}

/** Words with a secret among them are not taken apart: none of them is shared, and that is said. */
function refuseSharedSecret(
  present: Variables,
  { name }: TailnetName,
  all: readonly TailnetName[],
): void {
  const own = variableOf('TS_EXTRA_ARGS', name);
  if (all.length === 1 || present[own] !== undefined) return;
  if (holdsSecret(present['TS_EXTRA_ARGS'] ?? ''))
    throw invalid([`TS_EXTRA_ARGS: it holds a secret, which tailnets do not share; set ${own}`]);
}

/** Each has its own socket and state. @throws SpacetailError config_invalid */
export function distinctTailnets(
  members: readonly [ReadTailnet, ...ReadTailnet[]],
  runtimeDir: string,
): readonly [NamedTailnet, ...NamedTailnet[]] {
  const takenBy = new Map<string, string>();
  for (const { name, tailnet } of members) {
    const { socket, args } = tailscaledArguments(
      memberPaths(runtimePaths(runtimeDir), name),
      tailnet,
    );
    if (name !== '' && Buffer.byteLength(socket) > longestSocket)
      throw invalid([`SPACETAIL_RUNTIME_DIR: ${socket} is too long for a unix socket`]);
    const states = args.filter((word) => /^--?state(?:dir)?=(?!mem:)/.test(word));
    for (const place of [
      `the socket ${socket}`,
      ...states.map((word) => word.replace(/^--?/, '')),
    ]) {
      const other = takenBy.get(place);
      if (other !== undefined)
        throw invalid([
          `SPACETAIL_TAILNETS: ${other} and ${name} have ${place} in common; accepted: one for each, by ${variableOf('TS_SOCKET', name)}, ${variableOf('TS_STATE_DIR', name)} or ${variableOf('TS_TAILSCALED_EXTRA_ARGS', name)}`,
        ]);
      takenBy.set(place, name);
    }
  }
  const [first, ...others] = members.map(({ name, isOptional, tailnet }) => ({
    name,
    isOptional,
    tailnet,
  }));
  return [first as NamedTailnet, ...others];
}
