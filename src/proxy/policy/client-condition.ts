/** Rules of a policy file may hold for some programs only. */
import { basename } from 'node:path';
import type { ClientProcess } from '../core/request-record.ts';

/** Patterns with `*` for any characters; both must match where both are given. */
export interface ClientCondition {
  /** The executable's path, or its file name when the pattern has no slash. */
  readonly exe?: string;
  /** e.g. `terraform-provider-nomad_*` */
  readonly provider?: string;
}

/**
 * Whether the program fits. Of a program that could not be found out `unknown` is said: a rule that
 * allows must not take that for a yes, nor one that denies for a no.
 */
export function matchesClient(
  condition: ClientCondition,
  client: ClientProcess | null | undefined,
): 'yes' | 'no' | 'unknown' {
  if (client === null || client === undefined) return 'unknown';
  const { exe, provider } = condition;
  const path = exe?.includes('/') ? client.exe : basename(client.exe);
  const fits =
    (exe === undefined || matchesPattern(exe, path)) &&
    (provider === undefined ||
      (client.provider !== null && matchesPattern(provider, client.provider)));
  return fits ? 'yes' : 'no';
}

/** `*` stands for any characters, none included; linear in the text for each star. */
export function matchesPattern(pattern: string, text: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return first === text;
  if (!text.startsWith(first) || text.length < first.length + last.length) return false;
  let from = first.length;
  for (const part of others) {
    const at = text.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return text.endsWith(last) && from <= text.length - last.length;
}
