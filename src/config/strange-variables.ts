/** Variables that look as if they were for spacetail and have no effect: each is named once, by `up`. */
import { distance } from 'fastest-levenshtein';
import { isTailscaledKnob } from '../lifecycle/tailscaled/child-environment.ts';
import { tailnetVariables } from './tailnet-variables.ts';
import { type TailnetName, variableOf } from './tailnets.ts';
import { variableNames } from './variables.ts';

/** What containerboot, the entry point of Tailscale's own image, reads and we do not (its settings.go). */
const ofContainerboot = new Set([
  'TS_AUTH_ONCE',
  'TS_BOOT_TIMEOUT',
  'TS_DEBUG_ADDR_PORT',
  'TS_DEST_IP',
  'TS_EGRESS_PROXIES_CONFIG_PATH',
  'TS_ENABLE_HEALTH_CHECK',
  'TS_ENABLE_METRICS',
  'TS_EXPERIMENTAL_CERT_SHARE',
  'TS_EXPERIMENTAL_DEST_DNS_NAME',
  'TS_EXPERIMENTAL_ENABLE_FORWARDING_OPTIMIZATIONS',
  'TS_EXPERIMENTAL_VERSIONED_CONFIG_DIR',
  'TS_HEALTHCHECK_ADDR_PORT',
  'TS_INGRESS_PROXIES_CONFIG_PATH',
  'TS_KUBE_SECRET',
  'TS_LOCAL_ADDR_PORT',
  'TS_ROUTES',
  'TS_SERVE_CONFIG',
  'TS_TAILNET_TARGET_FQDN',
  'TS_TAILNET_TARGET_IP',
]);

/** A slip of the pen; further away it is somebody else's variable. */
const nearestDistance = 2;

type Variables = Readonly<Record<string, string>>;

/** @returns sentences for the user */
export function strangeVariables(
  present: Variables,
  tailnets: readonly TailnetName[],
): readonly string[] {
  const owned = tailnetVariables.flatMap((name) =>
    tailnets.map((one) => variableOf(name, one.name)),
  );
  const known = new Set([...variableNames, ...tailnetVariables, ...owned]);
  const names = Object.keys(present).filter((name) => !known.has(name));
  const ignored = names.filter((name) => ofContainerboot.has(name)).toSorted();
  if (/^(?:0|f|false)$/i.test(present['TS_USERSPACE'] ?? '')) ignored.push('TS_USERSPACE=false');
  const misspelt = names.flatMap((name) => {
    const meant = ofContainerboot.has(name) ? undefined : nearestOf(name, known);
    return meant === undefined ? [] : [`${name} is not read; did you mean ${meant}?`];
  });
  if (ignored.length === 0) return misspelt;
  const verb = ignored.length === 1 ? 'is' : 'are';
  return [
    `${ignored.join(', ')} ${verb} for Tailscale's own image and not read; flags of \`tailscale up\` go into TS_EXTRA_ARGS`,
    ...misspelt,
  ];
}

function nearestOf(name: string, known: ReadonlySet<string>): string | undefined {
  if (!/^(?:SPACETAIL|TS)_/.test(name) || isTailscaledKnob(name)) return undefined;
  return [...known]
    .map((one) => ({ one, apart: distance(name, one) }))
    .filter(({ apart }) => apart <= nearestDistance)
    .toSorted((a, b) => a.apart - b.apart)[0]?.one;
}
