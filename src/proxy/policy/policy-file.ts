/** SPACETAIL_POLICY: rules in JSON or YAML, in the form that schema/policy.schema.json tells. */
import { basename } from 'node:path';
import { SpacetailError } from '../../errors.ts';
import { checkPolicyDocument } from './policy-schema.ts';
import type { PolicyDocument, RuleDocument } from './policy-schema.ts';
import { parseRules } from './rules.ts';
import type { FileRule, Role, RoleMatch } from './roles.ts';
import type { PolicyMode } from '../core/request-record.ts';
import { readYaml } from './yaml-lines.ts';
import type { Path } from './yaml-lines.ts';

export interface OidcSettings {
  /** Never taken from the token: who wrote the policy says whom to believe. */
  readonly issuer: string;
  readonly audience: string;
}

export interface PolicyFile {
  readonly mode: PolicyMode | undefined;
  readonly metadata: 'allow' | 'deny' | undefined;
  readonly allow: readonly FileRule[];
  readonly deny: readonly FileRule[];
  readonly allowLocal: readonly FileRule[];
  readonly oidc: OidcSettings | undefined;
  readonly roles: readonly Role[];
}

/**
 * Reads a policy, JSON or YAML. Loads yaml: import lazily.
 *
 * @param text - the file's content
 * @param path - how it was named; its last part stands in the places of rules, `policy.yaml:14`
 * @throws SpacetailError `config_invalid` with the place of each defect
 */
export function parsePolicyFile(text: string, path: string): PolicyFile {
  const file = basename(path);
  const { value, lineOf } = readYaml(text, file);
  const place = (at: Path): string => `${file}:${lineOf(at)}`;
  const document = checkPolicyDocument(value, place);
  const rules = (list: readonly RuleDocument[] | undefined, at: Path): FileRule[] =>
    readRules(list ?? [], at, place);
  const policy: PolicyFile = {
    mode: document.mode,
    metadata: document.metadata,
    allow: rules(document.allow, ['allow']),
    deny: rules(document.deny, ['deny']),
    allowLocal: rules(document.allowLocal, ['allowLocal']),
    oidc: document.oidc,
    roles: (document.roles ?? []).map((role, index) => ({
      name: role.name,
      match: readMatch(role.match),
      allow: rules(role.allow, ['roles', index, 'allow']),
      allowLocal: rules(role.allowLocal, ['roles', index, 'allowLocal']),
    })),
  };
  checkEveryRule(policy);
  return policy;
}

function readRules(
  list: readonly RuleDocument[],
  at: Path,
  place: (at: Path) => string,
): FileRule[] {
  return list.map((rule, index) => {
    const where = place([...at, index]);
    if (typeof rule === 'string') return { text: rule, place: where };
    const { rule: text, ...client } = rule;
    return { text, place: where, client };
  });
}

function readMatch(match: NonNullable<PolicyDocument['roles']>[number]['match']): RoleMatch {
  const entries = Object.entries(match);
  return Object.fromEntries(
    entries.map(([claim, patterns]) => [
      claim,
      typeof patterns === 'string' ? [patterns] : patterns,
    ]),
  );
}

/** Also of roles that this run has not: else the defect waits for the run that has. */
function checkEveryRule(policy: PolicyFile): void {
  const granted = policy.roles.flatMap((role) => [...role.allow, ...role.allowLocal]);
  const rules = [...policy.allow, ...policy.deny, ...policy.allowLocal, ...granted];
  const defects = rules.flatMap((rule) => {
    try {
      parseRules([rule]);
      return [];
    } catch (error) {
      if (!(error instanceof SpacetailError)) throw error;
      return [error];
    }
  });
  const [first] = defects;
  if (first === undefined) return;
  throw new SpacetailError('config_invalid', defects.map((defect) => defect.message).join('\n'), {
    hint: first.hint,
  });
}
