// The names and addresses of the test tailnet: who is there, and what each resolver knows.
import type { ExtraRecord } from './headscale-config.ts';
import type { DnsRecords } from './servers/dns.ts';

export const BASE_DOMAIN = 'tail.test';

export const SUBNET = '198.51.100.0/24';
/** The same network as 4via6 (site 7): `198-51-100-80-via-7` is `198.51.100.80` behind the router. */
export const SUBNET_4VIA6 = 'fd7a:115c:a1e0:b1a:0:7:c633:6400/120';

export const ADDRESS = {
  /** The origin behind the subnet router. */
  subnet: '198.51.100.80',
  /** The origin on the "public" internet. */
  internet: '203.0.113.80',
  /** The origin that a private name leads to when the host's resolver is (wrongly) asked. */
  namesake: '203.0.113.66',
  /** The second node that joins gets these: split DNS and the extra records count on it. */
  web: '100.64.0.2',
  web6: 'fd7a:115c:a1e0::2',
} satisfies Record<string, string>;

/** Where DNS servers may stand; the second of each is for a second tailnet in the namespace. */
export const RESOLVERS = {
  system: ['192.0.2.53', '203.0.113.53', '203.0.113.54', '203.0.113.55'],
  overNode: ['127.0.0.1'],
  overSubnet: ['198.51.100.53', '198.51.100.54', '198.51.100.55', '198.51.100.56'],
} as const;

/** Split-DNS domains: the first's resolver is the node `web`, the second's is behind the router. */
export const SPLIT = { node: 'corp.test', subnet: 'lab.test' } as const;

export const SEARCH_DOMAINS = [SPLIT.node];

export const TAGS = ['tag:web', 'tag:db', 'tag:router', 'tag:offline', 'tag:late', 'tag:ci'];

export const EXTRA_RECORDS: ExtraRecord[] = [
  { name: 'a.apps.test', type: 'A', value: ADDRESS.web },
  { name: 'aaaa.apps.test', type: 'AAAA', value: ADDRESS.web6 },
  { name: 'plain.apps.test', value: ADDRESS.web },
];

/** What the split resolvers know; only the tailnet may ask them. */
export const PRIVATE_RECORDS: DnsRecords = {
  'wiki.corp.test': [ADDRESS.web],
  'wiki6.corp.test': [ADDRESS.web6],
  'alias.corp.test': ['wiki.corp.test', ADDRESS.web],
  'subnet.corp.test': [ADDRESS.subnet],
  'silent.corp.test': 'silence',
  'servfail.corp.test': 'servfail',
  'wiki.lab.test': [ADDRESS.web],
  'subnet.lab.test': [ADDRESS.subnet],
};

/**
 * What the host's resolver knows: the public names, and a public namesake for each private one,
 * so that a private name that leaks reaches the wrong server instead of failing quietly.
 */
export const PUBLIC_RECORDS: DnsRecords = {
  'public.test': [ADDRESS.internet],
  'www.public.test': ['public.test', ADDRESS.internet],
  'silent.test': 'silence',
  'servfail.test': 'servfail',
  ...Object.fromEntries(
    [
      ...['web', 'db', 'router', 'offline', 'late'].flatMap((name) => [
        name,
        `${name}.${BASE_DOMAIN}`,
      ]),
      ...EXTRA_RECORDS.map((record) => record.name),
      ...Object.keys(PRIVATE_RECORDS),
    ].map((name) => [name, [ADDRESS.namesake]]),
  ),
};

/** Names that the origins' certificate covers. */
export const CERTIFICATE_NAMES = [
  'web',
  'db',
  'late',
  'localhost',
  'public.test',
  'www.public.test',
].concat(['tail', 'apps', 'corp', 'lab'].map((suffix) => `*.${suffix}.test`));
export const CERTIFICATE_IPS = Object.values(ADDRESS).concat('127.0.0.1', '::1');
