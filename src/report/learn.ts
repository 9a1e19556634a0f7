/**
 * The smallest set of rules that allows what a run did, and nothing else: a host that was not talked to
 * stays denied, so no wildcard is ever guessed. A node counts once, whether it was asked for by its short
 * name, its FQDN or an address; ports that follow one another become a range.
 */
import { isIP } from 'node:net';
import type { RunRequest } from './run-request.ts';

/** Hosts and ports that are kept; a run that talks to more cannot be written as a list anyhow. */
const mostTargets = 5000;

/** Ended before a target was judged, or not a target of the client's at all. */
const unjudged = new Set(['http_request_error', 'proxy_loop_detected', 'peer_inbound_denied']);

export class RuleLearner {
  readonly #limit: number;
  readonly #ports = new Map<string, Set<number>>();
  #targets = 0;
  /** Requests that were let through and that no rule stands for. */
  uncovered = 0;

  constructor(limit: number = mostTargets) {
    this.#limit = limit;
  }

  /** Requests that the policy denied are left out: what is denied in every mode needs SPACETAIL_ALLOW_LOCAL. */
  add(request: RunRequest): void {
    if (request.policy.decision === 'deny' || request.status === 407) return;
    if (request.error !== null && unjudged.has(request.error)) return;
    const host = ruleHost(request);
    if (host === undefined || !this.#note(host, request.port)) this.uncovered++;
  }

  /** Sorted by host, then port. */
  rules(): string[] {
    return [...this.#ports]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([host, ports]) => portRanges(ports).map((range) => `${host}:${range}`));
  }

  #note(host: string, port: number): boolean {
    const ports = this.#ports.get(host);
    if (ports?.has(port) === true) return true;
    if (port < 1 || port > 65_535 || this.#targets >= this.#limit) return false;
    this.#targets++;
    if (ports === undefined) this.#ports.set(host, new Set([port]));
    else ports.add(port);
    return true;
  }
}

/** The HOST of a rule, in its tailnet where there are several. */
function ruleHost(request: RunRequest): string | undefined {
  const host = hostItself(request);
  return host === undefined || request.tailnet === undefined ? host : `${request.tailnet}!${host}`;
}

/** `undefined` where the rule language has no word for it. */
function hostItself(request: RunRequest): string | undefined {
  // The router of a subnet is not the host behind it.
  if (request.route === 'tailnet' && request.peer !== null && isName(request.peer))
    return request.peer;
  if (isIP(request.host) === 0 && isName(request.host)) return request.host;
  // An address in an odd spelling (0x7f.1) or a name that only a resolver accepts: what was dialled.
  const ip = request.ip ?? request.host;
  if (isIP(ip) === 0) return undefined;
  return ip.includes(':') ? `[${ip}]` : ip;
}

/** As the rule parser reads names: ASCII labels, and no number in the last place. */
function isName(host: string): boolean {
  const labels = host.split('.');
  const isNumber = /^(?:\d+|0x[\da-f]*)$/.test(labels.at(-1) ?? '');
  return (
    host.length <= 253 &&
    !isNumber &&
    labels.every((label) => /^[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d_])?$/.test(label))
  );
}

function portRanges(ports: ReadonlySet<number>): string[] {
  const ranges: { from: number; to: number }[] = [];
  for (const port of [...ports].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last?.to === port - 1) last.to = port;
    else ranges.push({ from: port, to: port });
  }
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
}

/** Ready to paste into a shell or a hook; '' when there is nothing to allow. */
export function renderLearned(learned: { rules: readonly string[]; uncovered: number }): string {
  if (learned.rules.length === 0) return '';
  const note =
    learned.uncovered === 0
      ? ''
      : `# ${learned.uncovered} requests are not covered: hosts that a rule cannot name, or too many\n`;
  return `# Allows what this run did and nothing else:\n${note}SPACETAIL_ALLOW='${learned.rules.join(',')}'\n`;
}
