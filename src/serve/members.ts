/** The tailnets of a run, each with its view of the netmap, and all of them as the proxy sees them. */
import type { Config } from '../config.ts';
import { TailnetView } from '../dns/tailnet-view.ts';
import { childEnvironment } from '../lifecycle/tailscaled/child-environment.ts';
import { memberPaths, type RuntimeFolder } from '../lifecycle/folder/runtime-folder.ts';
import type { Logger } from '../log.ts';
import { combineTailnets } from '../proxy/decide/combine-tailnets.ts';
import type { Resolver, Tailnet } from '../tailnet.ts';
import { suffixOwner } from '../proxy/decide/tailnets.ts';
import { type Member, resolveAmong } from './resolve-among.ts';
import { adaptTailnet, type TailnetAdapter } from './tailnet-adapter.ts';

export interface RunMember extends TailnetAdapter {
  /** '' for the only one. */
  readonly name: string;
  readonly view: TailnetView;
}

export interface Members {
  readonly list: readonly [RunMember, ...RunMember[]];
  /** All as one. */
  readonly tailnet: Tailnet;
  readonly resolver: Resolver;
  of(name: string): RunMember;
}

export interface MembersContext {
  readonly logger: Logger;
  readonly env: NodeJS.ProcessEnv;
  /** SPACETAIL_DIRECT */
  readonly isDirect: (name: string) => boolean;
}

export function createMembers(
  config: Config,
  folder: RuntimeFolder,
  { logger, env, isDirect }: MembersContext,
): Members {
  const all: Tailnet[] = [];
  const made = config.tailnets.map(({ name, isOptional, tailnet }): RunMember => {
    const view = new TailnetView({
      socketPath: tailnet.socket ?? memberPaths(folder, name).tailscaledSocket,
      cli: { path: config.tailscale, env: { ...childEnvironment(env), HOME: folder.path } },
      acceptDns: tailnet.acceptDns,
      direct: isDirect,
      foreign(host) {
        const owner = all.length === 1 ? undefined : suffixOwner(all, host);
        return owner !== undefined && owner !== adapter.tailnet;
      },
      log: logger,
    });
    // Through an exit node of its own public traffic leaves, or not at all.
    const hasExitNode = tailnet.upArgs.some((word) => /^--?exit-node(?:=|$)/.test(word));
    const adapter = adaptTailnet(view, name, isOptional && !hasExitNode);
    all.push(adapter.tailnet);
    return { ...adapter, name, view };
  });
  const list = made as unknown as readonly [RunMember, ...RunMember[]];
  const resolvers = list as readonly [Member, ...Member[]];
  const warn = (sentence: string): void => logger.warn({}, sentence);
  return {
    list,
    tailnet: combineTailnets(all as [Tailnet, ...Tailnet[]]),
    resolver: resolveAmong(resolvers, { isDirect, warn }),
    of: (name) => list.find((member) => member.name === name) ?? list[0],
  };
}
