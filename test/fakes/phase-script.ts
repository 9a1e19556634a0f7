/** A phase as Spacelift's documentation says: the hooks and the command in braces, chained by &&, in one shell. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Hooks {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** @param save what the worker itself does between the command and the after-hooks */
export function phaseScript(command: string, hooks: Hooks, save: readonly string[] = []): string {
  const steps = [...hooks.before, command, ...save, ...hooks.after];
  return steps.map((step) => `{ ${step}; }`).join(' && ');
}

/** Our context's, from the Terraform module's own file. */
export const contextHooks = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../terraform/hooks.json'), 'utf8'),
) as Hooks & { readonly plan_policy_input: readonly string[] };

/** The bash image's hooks for each phase, as its README had them. */
export const bashImageHooks: Hooks = {
  before: [
    'spacetail up',
    "trap 'spacetail down' EXIT",
    'export HTTP_PROXY=http://127.0.0.1:8080 HTTPS_PROXY=http://127.0.0.1:8080',
  ],
  after: [
    'unset HTTP_PROXY HTTPS_PROXY',
    "sed -e '/HTTP_PROXY=/d' -e /HTTPS_PROXY/d -i /mnt/workspace/.env_hooks_after",
  ],
};
