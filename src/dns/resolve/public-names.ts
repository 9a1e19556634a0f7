/** Names that are not the tailnet's: asked of whom the tailnet's configuration says. */
import { within } from '../../async.ts';
import type { LookupAnswer } from './lookup-answer.ts';
import type { Netmap } from '../index/netmap.ts';
import { failureFor, none, resolutionOf, unavailable } from './resolutions.ts';
import type { SplitDns } from './split-dns.ts';
import type { SystemResolver } from './system-resolver.ts';
import type { Resolution } from '../../tailnet.ts';

/** A tailnet that overrides the system's resolver and does not answer may not use up the whole time. */
const OVERRIDE_TIMEOUT_MS = 2_000;

export interface PublicNamesParts {
  readonly netmap: Netmap;
  readonly splitDns: SplitDns;
  readonly system: SystemResolver;
}

export class PublicNames {
  readonly #parts: PublicNamesParts;
  readonly #owns: (name: string) => boolean;

  /** `owns`: names that the system's resolver must not be asked, whichever search domain makes them. */
  constructor(parts: PublicNamesParts, owns: (name: string) => boolean) {
    this.#parts = parts;
    this.#owns = owns;
  }

  /** A name of the world outside: by the exit node, by the tailnet's own resolvers, by the system's. */
  async lookup(name: string, absolute: boolean): Promise<Resolution> {
    const { netmap } = this.#parts;
    const exitNode = netmap.exitNode();
    if (exitNode !== undefined) return this.#byExitNode(name, exitNode.name);
    if (netmap.suffixes.overrides && netmap.state().kind === 'running') {
      const answer = await this.#byTailnet(name);
      if (answer?.kind === 'addresses') return resolutionOf(name, 'dns', false, answer);
    }
    return this.bySystem(name, absolute);
  }

  /** tailscaled asks the exit node (DNS over HTTP); fails closed. */
  async #byExitNode(name: string, exitNode: string): Promise<Resolution> {
    const state = this.#parts.netmap.state();
    if (state.kind !== 'running') {
      return unavailable(
        name,
        `public names are resolved by the exit node ${exitNode}, and ${state.detail}`,
      );
    }
    const answer = await this.#parts.splitDns.lookup(name);
    if (answer.kind === 'alias')
      return none(name, false, `${name} is an alias of ${answer.target}, which has no address`);
    if (answer.kind === 'failed' || answer.kind === 'unavailable') {
      return unavailable(
        name,
        `the exit node ${exitNode} did not resolve ${name}: ${answer.detail}`,
      );
    }
    return resolutionOf(name, 'dns', false, answer);
  }

  async #byTailnet(name: string): Promise<LookupAnswer | undefined> {
    return within(OVERRIDE_TIMEOUT_MS, this.#parts.splitDns.lookup(name));
  }

  /** By the system's resolver, whatever the tailnet says: also for names that are direct. */
  async bySystem(name: string, absolute: boolean): Promise<Resolution> {
    const forbidden = (candidate: string) => candidate !== name && this.#owns(candidate);
    const answer = await this.#parts.system.lookup(name, { absolute, forbidden });
    return answer.kind === 'unavailable'
      ? failureFor(name, false, answer.detail)
      : resolutionOf(name, 'dns', false, answer);
  }
}
