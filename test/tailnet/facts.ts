import { readFileSync, renameSync, writeFileSync } from 'node:fs';

import type { OriginPorts } from './servers/origin.ts';
import type { Tools } from './toolchain.ts';

/** All that another process needs to use a running tailnet; plain JSON. */
export interface TailnetFacts {
  /** headscale's URL, for `--login-server`. */
  loginServer: string;
  /** A reusable key for ephemeral nodes with `tag:ci`. */
  authKey: string;
  baseDomain: string;
  /** headscale's configuration, for its command line. */
  headscaleConfig: string;
  /** Where this tailnet keeps its files; gone after stop. */
  folder: string;
  tools: Tools;
  /** The CA that signed the origins' certificate (`curl --cacert`, NODE_EXTRA_CA_CERTS). */
  caFile: string;
  /** The origins' certificate and its key, for another TLS server of a test's. */
  certFile: string;
  keyFile: string;
  /** Nodes that are up. */
  nodes: Record<string, NodeFacts>;
  /** On this machine's 127.0.0.1 and ::1, so reached at any node's address. */
  tailnetOrigin: OriginPorts;
  /** Behind the subnet router. */
  subnetOrigin: OriginFacts;
  /** On the "public" internet, as `public.test`. */
  internetOrigin: OriginFacts;
  /** Public namesakes of the private names: nothing should ever arrive here. */
  namesakeOrigin: OriginFacts;
  /** A clonable repository's path on each origin. */
  gitPath: string;
  /** Advertised by the node `router`, approved. */
  subnets: string[];
  splitDns: Record<string, string[]>;
  searchDomains: string[];
  /** The host's resolver (what /etc/resolv.conf names) and the split-DNS resolvers. */
  systemDns: { address: string; questionLog: string };
  privateDns: { questionLogs: string[] };
  /** From the call to the last node's answer. */
  startedInMs: number;
}

export interface NodeFacts {
  fqdn: string;
  addresses: string[];
  tags: string[];
  /** tailscaled's. */
  pid: number;
  socket: string;
}

export type OriginFacts = OriginPorts & { address: string };

/** Writes the facts so that a reader sees all of them or none. The key is in there: mode 0600. */
export function writeFacts(file: string, facts: TailnetFacts): void {
  writeFileSync(`${file}.tmp`, `${JSON.stringify(facts, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

export function readFacts(file: string): TailnetFacts {
  return JSON.parse(readFileSync(file, 'utf8')) as TailnetFacts;
}
