/** The tailnet's DNS configuration (tailscale: tailcfg.DNSConfig), as far as names depend on it. */
import { isObject, type Json, text } from './json-fields.ts';
import { normaliseName } from './names.ts';

/** A DNS record that the control server adds (tailcfg.DNSRecord). */
export interface ExtraRecord {
  readonly name: string;
  /** '', 'A', 'AAAA' or 'CNAME'; tailscaled infers the family from the value. */
  readonly type: string;
  readonly value: string;
}

export interface DnsConfig {
  /** Suffixes with resolvers of their own: split DNS. */
  readonly splitSuffixes: ReadonlySet<string>;
  /** Suffixes that tailscaled answers alone, from node names and ExtraRecords. */
  readonly localSuffixes: ReadonlySet<string>;
  readonly searchDomains: readonly string[];
  /** Where split DNS asks: addresses, `address:port` or URLs, as configured. */
  readonly resolvers: readonly string[];
  /** Names that the netmap's status does not tell before 1.100. */
  readonly extraRecords: readonly ExtraRecord[];
  /** "Override local DNS": the tailnet's resolvers are asked for every name. */
  readonly overrides: boolean;
}

export const noDnsConfig: DnsConfig = {
  splitSuffixes: new Set(),
  localSuffixes: new Set(),
  searchDomains: [],
  resolvers: [],
  extraRecords: [],
  overrides: false,
};

export function readDnsConfig(config: Json): DnsConfig {
  const splitSuffixes = new Set<string>();
  const localSuffixes = new Set<string>();
  const addresses = new Set<string>();
  let overrides = Array.isArray(config['Resolvers']) && config['Resolvers'].length > 0;
  const routes = isObject(config['Routes']) ? config['Routes'] : {};
  for (const key of Object.keys(routes)) {
    const resolvers = routes[key];
    const asked = Array.isArray(resolvers) && resolvers.length > 0;
    if (asked)
      for (const resolver of resolvers)
        addresses.add(isObject(resolver) ? text(resolver['Addr']) : '');
    const suffix = key === '' || key === '.' ? '' : normaliseName(key.replace(/^\./, ''));
    if (suffix === '') overrides ||= asked;
    else if (suffix !== undefined && !suffix.endsWith('.arpa'))
      (asked ? splitSuffixes : localSuffixes).add(suffix);
  }
  const searchDomains = new Set<string>();
  const domains: unknown[] = Array.isArray(config['Domains']) ? config['Domains'] : [];
  for (const domain of domains) {
    const name = typeof domain === 'string' ? normaliseName(domain) : undefined;
    if (name !== undefined) searchDomains.add(name);
  }
  return {
    splitSuffixes,
    localSuffixes,
    searchDomains: [...searchDomains],
    resolvers: [...addresses],
    extraRecords: readExtraRecords(config['ExtraRecords']),
    overrides,
  };
}

/** The same out of a Notify with its NetMap. */
export function readNetmapDns(notify: Json): DnsConfig | undefined {
  const netmap = notify['NetMap'];
  const dns = isObject(netmap) ? netmap['DNS'] : undefined;
  return isObject(dns) ? readDnsConfig(dns) : undefined;
}

/** `onBad` is called for each that makes no sense. */
export function readExtraRecords(records: unknown, onBad: () => void = () => {}): ExtraRecord[] {
  if (!Array.isArray(records)) return [];
  const read: ExtraRecord[] = [];
  for (const record of records as unknown[]) {
    const fields = isObject(record) ? record : {};
    const name = normaliseName(text(fields['Name']));
    const value = text(fields['Value']);
    if (name === undefined || value === '') onBad();
    else read.push({ name, type: text(fields['Type']).toUpperCase(), value });
  }
  return read;
}
