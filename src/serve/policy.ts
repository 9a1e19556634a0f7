import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import { compilePolicy, type Policy } from '../proxy/policy/policy.ts';
import type { Verification } from '../proxy/policy/oidc-claims.ts';
import type { PolicyFile } from '../proxy/policy/policy-file.ts';
import { matchingRoles } from '../proxy/policy/roles.ts';
import type { VerifiedClaims } from '../proxy/policy/roles.ts';
import type { Resolver } from '../tailnet.ts';
import type { RunPlan } from './run-plan.ts';
import { upstreamOf } from './upstream.ts';

/** What may stand before a `!` in a rule; none where the run has one tailnet. */
export function tailnetNames({ tailnets }: Config): string[] {
  return tailnets.map(({ name }) => name).filter((name) => name !== '');
}

/** @throws SpacetailError config_invalid: a malformed rule, with its place */
export function compile(
  config: Config,
  file: PolicyFile | undefined,
  claims: VerifiedClaims | undefined,
): Policy {
  const { mode, allow, deny, allowLocal, metadata } = config.policy;
  const tailnets = tailnetNames(config);
  return compilePolicy({ mode, allow, deny, allowLocal, metadata, file, claims, tailnets });
}

export interface PolicyContext {
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** For the issuer's name. */
  readonly resolver: Resolver;
  readonly signal: AbortSignal;
}

/** The run's policy: its rules, and the roles that the run's verified token grants. @throws SpacetailError */
export async function policyOf(plan: RunPlan, context: PolicyContext): Promise<Policy> {
  const { config, policyFile: file } = plan;
  const { logger } = context;
  if (file?.oidc === undefined || file.roles.length === 0) return compile(config, file, undefined);
  const verified = await verify(plan, file.oidc, context);
  const claims = verified.kind === 'verified' ? verified.claims : undefined;
  const roles = matchingRoles(file.roles, claims).map(({ name }) => name);
  logger.info({ ...claims, roles }, 'roles of the policy that apply');
  const policy = compile(config, file, claims);
  if (verified.kind === 'verified') return policy;
  const warning = `no role of the policy applies: ${verified.detail}`;
  logger.warn({}, warning);
  return { ...policy, warnings: (netmap) => [warning, ...policy.warnings(netmap)] };
}

async function verify(
  { config, identityToken: token }: RunPlan,
  oidc: NonNullable<PolicyFile['oidc']>,
  { resolver, signal }: PolicyContext,
): Promise<Verification> {
  const [{ verifyClaims }, { issuerFetch }] = await Promise.all([
    import('../proxy/policy/oidc-claims.ts'),
    import('./issuer-fetch.ts'),
  ]);
  const issuer = issuerFetch(upstreamOf(config.upstreamProxy), resolver);
  try {
    return await verifyClaims({ token, oidc, signal, fetch: issuer.fetch });
  } finally {
    await issuer[Symbol.asyncDispose]();
  }
}
