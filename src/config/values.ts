/**
 * The kinds of value a variable may hold, each a valibot schema from text to a typed value whose
 * message says what is accepted.
 */
import * as v from 'valibot';
import { formatAddress, parseAddress } from '../ip/addresses.ts';
import { parseProxyUrl, proxySyntax } from './upstream.ts';

export interface ListenAddress {
  /** Canonical IP literal. */
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
}

/** A text value that `parse` turns into a `T`, or into `undefined` when it is malformed. */
export function text<T>(accepted: string, parse: (value: string) => T | undefined) {
  return v.pipe(
    v.string(),
    v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value.trim());
      if (value === undefined) {
        addIssue({ message: accepted });
        return NEVER;
      }
      return value;
    }),
  );
}

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Go's duration syntax (`90s`, `1m30s`, `500ms`) to milliseconds; a bare number is seconds. */
export function parseDurationMs(value: string): number | undefined {
  if (/^\d+(\.\d+)?$/.test(value)) return Math.round(Number(value) * 1000);
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value)) return undefined;
  let totalMs = 0;
  for (const [, amount, , unit] of value.matchAll(/(\d+(\.\d+)?)(ms|s|m|h)/g)) {
    totalMs += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  }
  return Math.round(totalMs);
}

// A timer of Node's cannot be longer than 2^31-1 ms; a longer one fires at once.
const longestMs = 24 * 3_600_000;

export const duration = text('a duration up to 24h such as 500ms, 60s or 1m30s', (value) => {
  const ms = parseDurationMs(value);
  return ms === undefined || ms > longestMs ? undefined : ms;
});

export const positiveDuration = text(
  'a duration above 0 and up to 24h such as 500ms, 60s or 1m30s',
  (value) => {
    const ms = parseDurationMs(value);
    return ms === undefined || ms === 0 || ms > longestMs ? undefined : ms;
  },
);

/** `HOST:PORT`, the host an IP literal or `localhost` (read as 127.0.0.1), IPv6 in brackets. */
export function parseListenAddress(value: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(value);
  if (match === null) return undefined;
  const written = match[1] ?? match[2] ?? '';
  const host = written === 'localhost' ? '127.0.0.1' : written;
  const port = Number(match[3]);
  if (port > 65_535) return undefined;
  const address = parseAddress(host);
  if (address === undefined || host.includes(':') !== (match[1] !== undefined)) return undefined;
  return { host: formatAddress(address), port };
}

const listenSyntax = 'an address such as 127.0.0.1:8080 or [::1]:8080, port 0 to 65535';

export const listenAddress = text(listenSyntax, parseListenAddress);

export const listenAddressOrOff = text(`${listenSyntax}, or off`, (value) =>
  value === 'off' ? ('off' as const) : parseListenAddress(value),
);

/** Go's strconv.ParseBool, as Tailscale's own programs read booleans. */
export const bool = text('true or false (also 1, 0, t, f)', (value) => {
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  return undefined;
});

export function parseAbsolutePath(value: string): string | undefined {
  return value.startsWith('/') && !value.includes('\0')
    ? value.replace(/(.)\/+$/, '$1')
    : undefined;
}

export const absolutePath = text('an absolute path without NUL bytes', parseAbsolutePath);

export const httpUrl = text('an http or https URL such as https://api.tailscale.com', (value) => {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== ''
    ? value.replace(/\/+$/, '')
    : undefined;
});

export const upstreamProxy = text(`${proxySyntax}, or off`, (value) =>
  value === 'off' ? ('off' as const) : parseProxyUrl(value),
);

export const ownerPid = text('a process id, or 0 for none', (value) => {
  if (!/^\d{1,7}$/.test(value)) return undefined;
  const pid = Number(value);
  return pid === 0 ? ({ kind: 'none' } as const) : ({ kind: 'pid', pid } as const);
});

export const tags = text('tags separated by commas, each of the form tag:name', (value) => {
  const list = value.split(/[\s,]+/).filter((tag) => tag !== '');
  return list.length > 0 && list.every((tag) => /^tag:[a-zA-Z][a-zA-Z0-9-]*$/.test(tag))
    ? list
    : undefined;
});

/** A node name that the control server accepts: lower-case letters, digits and hyphens, at most 63. */
export function cleanHostname(value: string): string | undefined {
  const cleaned = value
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^-+|-+$/g, '');
  return cleaned === '' ? undefined : cleaned;
}

export const hostname = text('a host name with at least one letter or digit', cleanHostname);

/** One of a fixed set of words. */
export function oneOf<const T extends string>(...words: readonly T[]) {
  return text(words.join(', '), (value) => words.find((word) => word === value));
}
