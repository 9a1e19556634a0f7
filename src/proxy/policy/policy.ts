/** Whether a target may be talked to, and why. Pure; `spacetail explain` asks the same function. */
import { matchesClient } from './client-condition.ts';
import type { ClientCondition } from './client-condition.ts';
import type { PolicyFile } from './policy-file.ts';
import {
  allowedByDefault,
  allowedByRule,
  deniedByAbsence,
  deniedByRule,
  deniedAsSpecial,
} from './verdict.ts';
import { alwaysMatching, mayMatch } from './name-verdict.ts';
import type { NameTarget } from './name-verdict.ts';
import type { Settings, Verdict } from './verdict.ts';
import type { Address } from '../../ip/addresses.ts';
import { covers, makePrefix } from '../../ip/prefixes.ts';
import type { ClientProcess, PolicyMode } from '../core/request-record.ts';
import { grantedBy } from './roles.ts';
import type { VerifiedClaims } from './roles.ts';
import { factsOf, RuleIndex } from './rule-index.ts';
import type { RuleTarget } from './rule-index.ts';
import { unmatchable } from './rule-warnings.ts';
import type { Netmap } from './rule-warnings.ts';
import { parseRules } from './rules.ts';
import type { Rule, RuleText } from './rules.ts';
import { isMetadataEndpoint, specialRange } from '../../ip/special-ranges.ts';
import type { SpecialRange } from '../../ip/special-ranges.ts';

export type { Verdict } from './verdict.ts';

export interface PolicyTarget extends RuleTarget {
  /** The host letter by letter; what `host` has where it is absent. */
  readonly written?: string;
  /** `null` or absent when it is not known who asks. */
  readonly client?: ClientProcess | null;
}

export interface Policy {
  readonly mode: PolicyMode;
  /** Some rule asks for the client's program: look it up before `judge`. */
  readonly needsClient: boolean;
  judge(target: PolicyTarget): Verdict;
  /** The denial that `judge` would come to for every address that the name may have; `undefined` if it depends. */
  judgeName(target: NameTarget): Verdict | undefined;
  /** A sentence for each rule that can match nothing in the netmap. */
  warnings(netmap: Netmap): string[];
}

export interface PolicyInput {
  /** `undefined`: the file's, else `enforce`. */
  readonly mode: PolicyMode | undefined;
  readonly allow: readonly RuleText[];
  readonly deny: readonly RuleText[];
  /** SPACETAIL_ALLOW_LOCAL: lifts the denial of special addresses, no effect on the rest. */
  readonly allowLocal: readonly RuleText[];
  /** `undefined`: the file's, else `allow`. */
  readonly metadata: 'allow' | 'deny' | undefined;
  readonly file?: PolicyFile | undefined;
  readonly claims?: VerifiedClaims | undefined;
  /** Of a run with several tailnets: what may stand before a `!` in a rule. */
  readonly tailnets?: readonly string[];
}

type PolicyRule = Rule & { readonly client?: ClientCondition };

/**
 * Rules of variables and of the file add up. Special addresses are denied in every mode: `report` and `learn`
 * try out lists that somebody writes, and trying them out must not open the metadata service.
 *
 * @throws SpacetailError `config_invalid` for a malformed rule, with its place
 */
export function compilePolicy(input: PolicyInput): Policy {
  const { file, tailnets = [] } = input;
  const granted =
    file === undefined ? { allow: [], allowLocal: [] } : grantedBy(file, input.claims);
  const lists: Lists = {
    allow: compile(tailnets, input.allow, file?.allow, granted.allow),
    deny: compile(tailnets, input.deny, file?.deny),
    local: compile(tailnets, input.allowLocal, file?.allowLocal, granted.allowLocal),
  };
  const settings: Settings = {
    mode: input.mode ?? file?.mode ?? 'enforce',
    metadata: input.metadata ?? file?.metadata ?? 'allow',
    // A role that was not granted must not turn the allow list into an empty one, which allows all.
    isRestricted:
      lists.allow.length > 0 || (file?.roles.some((role) => role.allow.length > 0) ?? false),
  };
  const all = [...lists.allow, ...lists.deny, ...lists.local];
  const needsClient = all.some((rule) => rule.client !== undefined);
  return {
    mode: settings.mode,
    needsClient,
    judge: judgeWith(lists, settings),
    judgeName: judgeNameWith(lists, settings),
    warnings: (netmap) => unmatchable(all, netmap),
  };
}

interface Lists {
  readonly allow: readonly PolicyRule[];
  readonly deny: readonly PolicyRule[];
  readonly local: readonly PolicyRule[];
}

function compile(
  tailnets: readonly string[],
  ...lists: (readonly (RuleText & { client?: ClientCondition })[] | undefined)[]
): PolicyRule[] {
  return parseRules(
    lists.flatMap((list) => list ?? []),
    tailnets,
  );
}

function judgeWith(lists: Lists, settings: Settings): Policy['judge'] {
  const allow = new RuleIndex(lists.allow);
  const deny = new RuleIndex(lists.deny);
  const local = new RuleIndex(lists.local);
  return (target) => {
    const facts = factsOf(target);
    const special = specialOf(target, facts.address);
    const exactly = special === undefined ? facts : { ...facts, carried: undefined };
    const mayAllow = (rule: PolicyRule): boolean => clientOf(rule, target) === 'yes';
    const granting =
      special === undefined
        ? allow.find(facts, mayAllow)
        : (allow.find(exactly, (rule) => namesSpecial(rule, special) && mayAllow(rule)) ??
          local.find(exactly, mayAllow));
    const isException = special !== undefined && isMetadataException(target, settings);
    if (special !== undefined && granting === undefined && !isException) {
      return deniedAsSpecial(target, special, settings);
    }
    const denying = deny.find(facts, (rule) => clientOf(rule, target) !== 'no');
    if (denying !== undefined) {
      const verdict = deniedByRule(denying, settings.mode);
      return special?.isCloud === true ? { ...verdict, isOfCloud: true } : verdict;
    }
    if (granting !== undefined) return allowedByRule(granting);
    if (settings.isRestricted) return deniedByAbsence(target, settings.mode);
    return allowedByDefault(isException);
  };
}

function judgeNameWith(lists: Lists, settings: Settings): Policy['judgeName'] {
  const deny = new RuleIndex(lists.deny);
  const mayBeGranted = mayMatch([...lists.allow, ...lists.local]);
  return (target) => {
    const denying = alwaysMatching(deny, target);
    if (denying !== undefined) return deniedByRule(denying, settings.mode);
    if (!settings.isRestricted || mayBeGranted(target)) return undefined;
    return deniedByAbsence({ ...target, ip: undefined }, settings.mode);
  };
}

function clientOf(rule: PolicyRule, target: PolicyTarget): ReturnType<typeof matchesClient> {
  return rule.client === undefined ? 'yes' : matchesClient(rule.client, target.client);
}

function specialOf(
  { owner }: PolicyTarget,
  address: Address | undefined,
): SpecialRange | undefined {
  if (address === undefined) return undefined;
  if (owner?.kind !== 'self') return specialRange(address);
  return {
    prefix: makePrefix(address, address.family === 4 ? 32 : 128),
    isCloud: false,
    why: "is this node's own tailnet address, which leads to the container's loopback",
  };
}

/**
 * Whether the rule means the special address. A wide rule does not: `**` or `*.corp.example` must not open
 * loopback to whoever points a name at it.
 */
function namesSpecial({ host }: Rule, special: SpecialRange): boolean {
  if (host.kind === 'prefix') return covers(special.prefix, host.prefix);
  if (host.kind === 'name') return host.name === 'localhost' || host.name.endsWith('.localhost');
  return host.kind === 'address';
}

function isMetadataException(target: PolicyTarget, settings: Settings): boolean {
  return (
    settings.metadata === 'allow' &&
    !settings.isRestricted &&
    target.route === 'direct' &&
    isMetadataEndpoint(target.written ?? target.host)
  );
}
