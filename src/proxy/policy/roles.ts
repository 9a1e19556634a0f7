/** Roles of a policy file: what a run may talk to besides, by what its identity token says. */
import { matchesPattern } from './client-condition.ts';
import type { ClientCondition } from './client-condition.ts';
import type { RuleText } from './rules.ts';

/** Claims of a Spacelift OIDC token whose signature, issuer, audience and time were checked. */
export interface VerifiedClaims {
  readonly space: string | undefined;
  /** The id of the stack, or of the module for a module's run. */
  readonly stack: string | undefined;
  /** e.g. `TRACKED`, `PROPOSED`, `TASK` */
  readonly runType: string | undefined;
  readonly scope: 'read' | 'write' | undefined;
}

/** A rule of a file, as written. */
export type FileRule = RuleText & { readonly client?: ClientCondition };

/** Each field that is given must match; a list matches if one of it does; `*` stands for any characters. */
export interface RoleMatch {
  readonly space?: readonly string[];
  readonly stack?: readonly string[];
  readonly runType?: readonly string[];
  readonly scope?: readonly string[];
}

/**
 * Roles only grant: a run whose token cannot be verified matches none, and must not by that escape a denial.
 */
export interface Role {
  readonly name: string;
  readonly match: RoleMatch;
  readonly allow: readonly FileRule[];
  readonly allowLocal: readonly FileRule[];
}

interface Grants {
  readonly allow: readonly FileRule[];
  readonly allowLocal: readonly FileRule[];
}

/** What the roles that match these claims grant. */
export function grantedBy(
  { roles }: { readonly roles: readonly Role[] },
  claims: VerifiedClaims | undefined,
): Grants {
  const matching = matchingRoles(roles, claims);
  return {
    allow: matching.flatMap((role) => role.allow),
    allowLocal: matching.flatMap((role) => role.allowLocal),
  };
}

/** Without claims there is no role. */
export function matchingRoles(
  roles: readonly Role[],
  claims: VerifiedClaims | undefined,
): readonly Role[] {
  return claims === undefined ? [] : roles.filter((role) => matchesRole(role.match, claims));
}

function matchesRole(match: RoleMatch, claims: VerifiedClaims): boolean {
  return (['space', 'stack', 'runType', 'scope'] as const).every((field) => {
    const patterns = match[field];
    const value = claims[field];
    if (patterns === undefined) return true;
    return value !== undefined && patterns.some((pattern) => matchesPattern(pattern, value));
  });
}
