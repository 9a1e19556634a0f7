/** SPACETAIL_POLICY: rules in JSON or YAML, checked against schema/policy.schema.json. */
import type { FileRule, Role } from './roles.ts';
import type { PolicyMode } from './request-record.ts';

export interface OidcSettings {
  /** Never taken from the token: who wrote the policy says whom to believe. */
  readonly issuer: string;
  readonly audience: string;
}

export interface PolicyFile {
  /** As the places of its rules name it. */
  readonly name: string;
  readonly mode: PolicyMode | undefined;
  readonly metadata: 'allow' | 'deny' | undefined;
  readonly allow: readonly FileRule[];
  readonly deny: readonly FileRule[];
  readonly allowLocal: readonly FileRule[];
  readonly oidc: OidcSettings | undefined;
  readonly roles: readonly Role[];
}
