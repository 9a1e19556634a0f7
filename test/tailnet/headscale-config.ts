import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { stringify } from 'yaml';

/** One of headscale's `dns.extra_records`. Without a type, tailscaled itself knows it too. */
export interface ExtraRecord {
  name: string;
  type?: 'A' | 'AAAA';
  value: string;
}

export interface HeadscaleOptions {
  /** Holds configuration, database, socket and logs. Short: the socket's path is in it. */
  folder: string;
  /** Where the nodes reach it and its relay; an address of this machine. */
  address: string;
  port: number;
  grpcPort: number;
  stunPort: number;
  baseDomain: string;
  searchDomains: string[];
  /** Domain → resolvers' addresses (port 53; headscale refuses another). */
  splitDns: Record<string, string[]>;
  extraRecords: ExtraRecord[];
  /** Routes that a node with `tag:router` may serve without anybody's approval. */
  subnets: string[];
  tags: string[];
}

/** The files of one headscale, inside its folder. */
export function headscaleFiles(folder: string) {
  return {
    config: join(folder, 'headscale.yaml'),
    policy: join(folder, 'policy.json'),
    records: join(folder, 'records.json'),
    socket: join(folder, 'hs.sock'),
    log: join(folder, 'headscale.log'),
  };
}

/** Everybody reaches everybody; routes and the exit node of `tag:router` approve themselves. */
function policy(options: HeadscaleOptions): object {
  return {
    tagOwners: Object.fromEntries(options.tags.map((tag) => [tag, ['harness@']])),
    autoApprovers: {
      routes: Object.fromEntries(options.subnets.map((subnet) => [subnet, ['tag:router']])),
      exitNode: ['tag:router'],
    },
    acls: [{ action: 'accept', src: ['*'], dst: ['*:*'] }],
  };
}

function config(options: HeadscaleOptions): object {
  const { folder, address } = options;
  const files = headscaleFiles(folder);
  return {
    server_url: `http://${address}:${options.port}`,
    listen_addr: `${address}:${options.port}`,
    metrics_listen_addr: '',
    grpc_listen_addr: `127.0.0.1:${options.grpcPort}`,
    grpc_allow_insecure: true,
    unix_socket: files.socket,
    unix_socket_permission: '0700',
    disable_check_updates: true,
    noise: { private_key_path: join(folder, 'noise.key') },
    prefixes: { v4: '100.64.0.0/10', v6: 'fd7a:115c:a1e0::/48', allocation: 'sequential' },
    database: {
      type: 'sqlite',
      sqlite: { path: join(folder, 'db.sqlite'), write_ahead_log: true },
    },
    derp: {
      server: {
        enabled: true,
        region_id: 900,
        region_code: 'test',
        region_name: 'test',
        verify_clients: false,
        stun_listen_addr: `${address}:${options.stunPort}`,
        private_key_path: join(folder, 'derp.key'),
        automatically_add_embedded_derp_region: true,
        ipv4: address,
        // Left out, tailscaled tries IPv6 first: up takes 9 s instead of 2.
        ipv6: 'none',
      },
      urls: [],
      paths: [],
      auto_update_enabled: false,
    },
    policy: { mode: 'file', path: files.policy },
    dns: {
      magic_dns: true,
      base_domain: options.baseDomain,
      override_local_dns: false,
      nameservers: { global: [], split: options.splitDns },
      search_domains: options.searchDomains,
      extra_records_path: files.records,
    },
    log: { level: 'info', format: 'text' },
  };
}

export function writeExtraRecords(folder: string, records: readonly ExtraRecord[]): void {
  writeFileSync(headscaleFiles(folder).records, JSON.stringify(records));
}

/** Writes configuration, policy and extra records into the folder. */
export function writeHeadscaleConfig(options: HeadscaleOptions): void {
  const files = headscaleFiles(options.folder);
  writeFileSync(files.config, stringify(config(options)), { mode: 0o600 });
  writeFileSync(files.policy, JSON.stringify(policy(options)));
  writeExtraRecords(options.folder, options.extraRecords);
}
