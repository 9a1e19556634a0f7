import { run } from '../support/run.ts';

/** What `headscale nodes list` tells of a node. */
export interface ListedNode {
  id: number;
  /** The name it gave itself. */
  name: string;
  /** Its MagicDNS label. */
  givenName: string;
  addresses: string[];
  online: boolean;
  tags: string[];
  /** Approved ones. */
  routes: string[];
}

export interface KeyOptions {
  /** True by default. */
  reusable?: boolean;
  /** True by default. */
  ephemeral?: boolean;
  /** `tag:ci` by default. */
  tags?: string[];
  /** Such as `1h`; a day by default. */
  expiration?: string;
}

export interface HeadscaleClient {
  /** The headscale command line with `--output json`, parsed. @throws Error when it fails. */
  headscale(...args: string[]): Promise<unknown>;
  newKey(options?: KeyOptions): Promise<string>;
  listNodes(): Promise<ListedNode[]>;
  /** Removes a node from the tailnet, as an administrator does. */
  deleteNode(name: string): Promise<void>;
  /** Ends a node's key, so it has to log in again. */
  expireNode(name: string): Promise<void>;
  /** Gives a node another MagicDNS label. */
  renameNode(name: string, newName: string): Promise<void>;
}

/** Talks to a running headscale by its command line, over its Unix socket. */
export function headscaleClient(binary: string, config: string): HeadscaleClient {
  async function headscale(...args: string[]): Promise<unknown> {
    const done = await run(binary, ['--config', config, '--output', 'json', '--force', ...args]);
    if (done.code !== 0) {
      throw new Error(`headscale ${args.slice(0, 2).join(' ')}: ${done.stdout}${done.stderr}`);
    }
    return done.stdout.trim() === '' ? undefined : JSON.parse(done.stdout);
  }

  async function listNodes(): Promise<ListedNode[]> {
    return (((await headscale('nodes', 'list')) ?? []) as RawNode[]).map(listedNode);
  }

  async function idOf(name: string): Promise<string> {
    const node = (await listNodes()).find((listed) => listed.givenName === name);
    if (!node) throw new Error(`headscale knows no node ${name}`);
    return String(node.id);
  }

  return {
    headscale,
    listNodes,
    async newKey(key = {}) {
      const { reusable = true, ephemeral = true, tags = ['tag:ci'], expiration = '24h' } = key;
      const args = ['preauthkeys', 'create', '--user', '1', '--expiration', expiration];
      if (reusable) args.push('--reusable');
      if (ephemeral) args.push('--ephemeral');
      if (tags.length > 0) args.push('--tags', tags.join(','));
      return ((await headscale(...args)) as { key: string }).key;
    },
    async deleteNode(name) {
      await headscale('nodes', 'delete', '--identifier', await idOf(name));
    },
    async expireNode(name) {
      await headscale('nodes', 'expire', '--identifier', await idOf(name));
    },
    async renameNode(name, newName) {
      await headscale('nodes', 'rename', '--identifier', await idOf(name), newName);
    },
  };
}

/** protobuf's JSON: what is false, zero or empty is left out. */
interface RawNode {
  id: number;
  name: string;
  given_name: string;
  ip_addresses?: string[];
  online?: boolean;
  tags?: string[];
  approved_routes?: string[];
}

function listedNode(raw: RawNode): ListedNode {
  return {
    id: raw.id,
    name: raw.name,
    givenName: raw.given_name,
    addresses: raw.ip_addresses ?? [],
    online: raw.online ?? false,
    tags: raw.tags ?? [],
    routes: raw.approved_routes ?? [],
  };
}
