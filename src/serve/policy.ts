import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import { compilePolicy, type Policy } from '../proxy/policy.ts';
import type { PolicyFile } from '../proxy/policy-file.ts';
import type { VerifiedClaims } from '../proxy/roles.ts';
import type { RunPlan } from './run-plan.ts';

/** @throws SpacetailError config_invalid: a malformed rule, with its place */
export function compile(
  config: Config,
  file: PolicyFile | undefined,
  claims: VerifiedClaims | undefined,
): Policy {
  const { mode, allow, deny, allowLocal, metadata } = config.policy;
  return compilePolicy({ mode, allow, deny, allowLocal, metadata, file, claims });
}

/** The run's policy: its rules, and the roles that the run's verified token grants. @throws SpacetailError */
export async function policyOf(
  plan: RunPlan,
  logger: Logger,
  signal: AbortSignal,
): Promise<Policy> {
  const { config, policyFile: file, identityToken: token } = plan;
  if (file?.oidc === undefined || file.roles.length === 0) return compile(config, file, undefined);
  const { verifyClaims } = await import('../proxy/oidc-claims.ts');
  const verified = await verifyClaims({ token, oidc: file.oidc, signal });
  if (verified.kind === 'unverified') {
    logger.warn({}, `no role of the policy applies: ${verified.detail}`);
    return compile(config, file, undefined);
  }
  return compile(config, file, verified.claims);
}
