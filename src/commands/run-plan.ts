/** From flags and environment to the plan of a run; everything that can be refused early is refused here. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Config, loadAllCredentials, loadConfig } from '../config.ts';
import { spaceliftToken } from '../config/credentials.ts';
import { spaceliftRunId } from '../config/run-id.ts';
import { messageOf, SpacetailError } from '../errors.ts';
import type { PolicyFile } from '../proxy/policy/policy-file.ts';
import type { RunPlan } from '../serve.ts';
import { compile, tailnetNames } from '../serve/policy.ts';
import type { CommandIo } from './io.ts';

async function readPolicyFile(config: Config): Promise<PolicyFile | undefined> {
  const { file } = config.policy;
  if (file === undefined) return undefined;
  const path = resolve(file);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new SpacetailError(
      'config_invalid',
      `SPACETAIL_POLICY: ${path} cannot be read: ${messageOf(error)}`,
      {
        hint: 'SPACETAIL_POLICY is the path of a policy file, JSON or YAML.',
        cause: error,
      },
    );
  });
  const { parsePolicyFile } = await import('../proxy/policy/policy-file.ts');
  return parsePolicyFile(text, path);
}

/** @throws SpacetailError config_invalid, credentials_missing, credentials_incomplete */
export async function planRun(
  io: Pick<CommandIo, 'env'>,
  run: Pick<RunPlan, 'owner' | 'before'> & { readonly wait?: boolean },
): Promise<RunPlan> {
  const { wait, ...rest } = run;
  const loaded = loadConfig(io.env);
  const config = wait === undefined ? loaded : { ...loaded, wait };
  const policyFile = await readPolicyFile(config);
  compile(config, policyFile, undefined);
  const { parseRules } = await import('../proxy/policy/rules.ts');
  const { matchesDirect } = await import('../proxy/policy/direct-hosts.ts');
  matchesDirect(parseRules(config.direct));
  parseRules(config.preconnect, tailnetNames(config));
  return {
    ...rest,
    config,
    credentials: loadAllCredentials(io.env, config),
    policyFile,
    identityToken: policyFile?.oidc === undefined ? undefined : spaceliftToken(io.env)?.idToken,
    runId: spaceliftRunId(io.env),
  };
}
