/** /etc/hosts, read again when it changes. */
import { readFileSync, statSync } from 'node:fs';
import { canonicalLiteral } from './literal.ts';
import { isUnder, normaliseName } from '../local-api/names.ts';

const MAX_BYTES = 16 << 20;
/** Of a name; more cost time and are never dialled. */
const MAX_ADDRESSES = 64;
const LOOPBACK = ['127.0.0.1', '::1'] as const;

/** Name → addresses, IPv4 first; every line of a name counts (glibc: multi on). */
export function parseHosts(text: string): Map<string, string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    const canonical = names.length > 0 ? canonicalLiteral(address) : undefined;
    if (canonical === undefined) continue;
    for (const written of names) {
      const name = normaliseName(written);
      if (name === undefined) continue;
      const known = hosts.get(name) ?? [];
      if (known.length < MAX_ADDRESSES && !known.includes(canonical)) known.push(canonical);
      hosts.set(name, known);
    }
  }
  for (const addresses of hosts.values())
    addresses.sort((a, b) => Number(a.includes(':')) - Number(b.includes(':')));
  return hosts;
}

export class HostsFile {
  readonly #path: string;
  #version = '';
  #hosts = new Map<string, string[]>();

  constructor(path: string) {
    this.#path = path;
  }

  /** `localhost` and what is under it is always loopback, whatever file or netmap say (RFC 6761). */
  lookup(name: string): readonly string[] | undefined {
    if (isUnder(name, 'localhost')) return LOOPBACK;
    this.#refresh();
    return this.#hosts.get(name);
  }

  /** What it says of a name that it takes from the netmap: a short one. A node's FQDN is the node's. */
  shadows(name: string): readonly string[] | undefined {
    return name.includes('.') && !isUnder(name, 'localhost') ? undefined : this.lookup(name);
  }

  /** Without waiting, since what is known without asking anybody depends on it: a local file, mostly a stat. */
  #refresh(): void {
    try {
      const { mtimeMs, size, ino } = statSync(this.#path);
      const version = `${mtimeMs}:${size}:${ino}`;
      if (version === this.#version) return;
      this.#hosts = size > MAX_BYTES ? new Map() : parseHosts(readFileSync(this.#path, 'utf8'));
      this.#version = version;
    } catch {
      // Without the file there are no such names; what is half written now is read at the next look-up.
      this.#hosts = new Map();
      this.#version = '';
    }
  }
}
