import {
  type BridgeAddresses,
  defaultNoProxy,
  oursIn,
  proxyNames,
  proxyWarnings,
} from '../../lifecycle/run/proxy-variables.ts';
import { failure, type Finding, ok, warning } from './check.ts';

const name = 'proxy variables';

/** What programs in this environment would do, by their own readings of the variables. */
export function checkVariables(
  env: NodeJS.ProcessEnv,
  bridge: BridgeAddresses,
  isUp: boolean,
): Finding[] {
  const set = proxyNames.filter((variable) => (env[variable] ?? '') !== '');
  const ours = oursIn(env, bridge).filter((variable) => variable.toUpperCase() !== 'NO_PROXY');
  const findings = problems(env, set);
  if (ours.length > 0 && !isUp) {
    const hint = 'Run `spacetail up`, or `eval "$(spacetail env --unset)"`.';
    findings.push(failure(name, `${ours.join(', ')} lead to the bridge, which is not up`, hint));
  }
  if (ours.length === 0 && isUp) {
    findings.push(
      warning(name, 'nothing here leads to the bridge', 'Run eval "$(spacetail env)".'),
    );
  }
  if (findings.length > 0) return findings;
  if (ours.length > 0) return [ok(name, `${ours.join(', ')} lead to the bridge`)];
  return [ok(name, set.length === 0 ? 'none is set' : `${set.join(', ')} are set, and not by us`)];
}

function problems(env: NodeJS.ProcessEnv, set: readonly string[]): Finding[] {
  const found: Finding[] = proxyWarnings(env).map((text) =>
    warning(name, text, 'unset REQUEST_METHOD'),
  );
  for (const upper of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY']) {
    const [big, small] = [env[upper] ?? '', env[upper.toLowerCase()] ?? ''];
    if (big !== '' && small !== '' && big !== small) {
      found.push(
        warning(
          name,
          `${upper} and ${upper.toLowerCase()} differ`,
          'Programs disagree which one counts: set both alike.',
        ),
      );
    }
  }
  for (const variable of set.filter((each) => each.toUpperCase() === 'ALL_PROXY')) {
    if (/^https?:/i.test(env[variable] ?? '')) {
      found.push(
        warning(
          name,
          `${variable} is an http URL`,
          'Go programs then dial directly, without a word: use socks5://.',
        ),
      );
    }
  }
  for (const variable of set.filter((each) => each.toUpperCase() === 'NO_PROXY'))
    found.push(...noProxyProblems(variable, env[variable] ?? ''));
  return found;
}

function noProxyProblems(variable: string, value: string): Finding[] {
  const found: Finding[] = [];
  if (/\s/.test(value))
    found.push(
      warning(
        name,
        `${variable} has spaces`,
        'Pulumi fails on them without a word: separate by commas alone.',
      ),
    );
  const entries = value.split(/[\s,]+/);
  const missing = defaultNoProxy.filter((entry) => !entries.includes(entry));
  if (missing.length > 0 && !entries.includes('*')) {
    found.push(
      warning(
        name,
        `${variable} lacks ${missing.join(', ')}`,
        'Run eval "$(spacetail env)", which adds them.',
      ),
    );
  }
  return found;
}
