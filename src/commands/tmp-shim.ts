import { identify, type ProcessId } from '../lifecycle/process-id.ts';
export function findOwner(owner: { kind: string; pid?: number }): ProcessId | undefined {
  if (owner.kind === 'none') return undefined;
  return identify(owner.pid ?? process.ppid);
}
export function savedProxyVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((e): e is [string, string] => /^(https?|all|no)_proxy$/i.test(e[0]) && !!e[1]),
  );
}
