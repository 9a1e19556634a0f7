/** The decision on a target, step by step, in the words of the docs. */
import { SpacetailError } from '../errors.ts';
import type { ControlHandlers } from '../lifecycle/control/control-socket.ts';
import { canonicalAddress } from '../ip/addresses.ts';
import type { Findings } from '../proxy/decide/decide.ts';
import { statusOf } from '../proxy/core/failure.ts';
import type { Inspect, Inspection } from '../proxy/request/inspect.ts';
import type { Peer, Resolution } from '../tailnet.ts';

/** What the control socket answers to `explain` and `resolve`. */
export interface Explanation {
  /** Would pass (`explain`), did connect (`--dial`), does resolve (`resolve`). */
  readonly passes: boolean;
  readonly host: string;
  readonly port: number | null;
  /** In the order in which the decision is made. */
  readonly steps: readonly { readonly step: string; readonly text: string }[];
  /** Existing names that look like one that does not exist, nearest first. */
  readonly nearest: readonly string[];
  /** What to do about it; '' when there is nothing to do. */
  readonly hint: string;
  readonly name_source: string | null;
  readonly addresses: readonly string[];
  readonly peer: string | null;
  /** Only where the run has several. */
  readonly tailnet?: string;
  readonly route: string | null;
  readonly policy: { readonly decision: string; readonly rule: string | null } | null;
  readonly status: number | null;
}

type Step = Explanation['steps'][number];

function nameStep(resolution: Resolution | undefined): Step {
  if (resolution === undefined) {
    return { step: 'name', text: 'not looked up: it is denied whatever its addresses are' };
  }
  const owned = resolution.owned ? " (the name is the tailnet's)" : '';
  if (resolution.kind === 'resolved') {
    const { host, source, addresses } = resolution;
    const also = (resolution.alsoIn ?? []).map((name) => `; ${name} has it too`).join('');
    const text =
      source === 'literal'
        ? `${host} is an address`
        : `${host} by ${source}: ${addresses.join(', ')}`;
    return { step: 'name', text: `${text}${owned}${also}` };
  }
  return {
    step: 'name',
    text: `${resolution.host} does not resolve: ${resolution.detail}${owned}`,
  };
}

function peerText(peer: Peer): string {
  const state = peer.keyExpired
    ? 'key expired'
    : ({ true: 'online', false: 'offline' } as const)[String(peer.online) as 'true'];
  const seen =
    peer.online === false && peer.lastSeenMs !== undefined
      ? `, last seen ${new Date(peer.lastSeenMs).toISOString()}`
      : '';
  const tags = peer.tags.length === 0 ? '' : `, ${peer.tags.join(' ')}`;
  return `${peer.name}, ${state ?? 'state not told by the control server'}${seen}${tags}`;
}

function findingSteps(findings: Findings): Step[] {
  const { ip, peer, via, because, verdict, isRouted, tailnet } = findings;
  const steps: Step[] = [];
  if (tailnet !== undefined && tailnet.name !== '')
    steps.push({ step: 'tailnet', text: tailnet.name });
  if (ip !== undefined) steps.push({ step: 'address', text: ip });
  if (peer !== undefined) steps.push({ step: 'peer', text: peerText(peer) });
  if (isRouted) steps.push({ step: 'route', text: `${via}: ${because}` });
  if (verdict !== undefined)
    steps.push({ step: 'policy', text: `${verdict.decision}: ${verdict.reason}` });
  return steps;
}

function endSteps({ decision, dial }: Inspection): Step[] {
  if (decision.kind === 'refuse') {
    return [{ step: 'result', text: `${statusOf(decision.failure)}: ${decision.failure.detail}` }];
  }
  const { hop } = decision.plan;
  const doubt =
    hop?.online === false || hop?.keyExpired === true
      ? `passes, but ${hop.name} is away: a dial will most likely fail (503)`
      : 'passes';
  const passes = { step: 'result', text: doubt };
  if (dial === undefined) return [passes];
  const ms = `${dial.tookMs.toFixed(0)} ms`;
  return dial.kind === 'connected'
    ? [passes, { step: 'dial', text: `connected to ${dial.ip ?? 'the upstream proxy'} in ${ms}` }]
    : [
        passes,
        { step: 'dial', text: `${statusOf(dial.failure)} after ${ms}: ${dial.failure.detail}` },
      ];
}

function failureOf({ decision, dial }: Inspection) {
  if (decision.kind === 'refuse') return decision.failure;
  return dial?.kind === 'failed' ? dial.failure : undefined;
}

export function explainInspection(host: string, port: number, inspection: Inspection): Explanation {
  const { resolution, decision } = inspection;
  const findings = decision.kind === 'refuse' ? decision.findings : decision.plan;
  const failed = failureOf(inspection);
  return {
    passes: failed === undefined,
    host,
    port,
    steps: [nameStep(resolution), ...findingSteps(findings), ...endSteps(inspection)],
    nearest: resolution?.kind === 'not_found' ? resolution.nearest : [],
    hint: failed?.hint ?? '',
    name_source: resolution?.kind === 'resolved' ? resolution.source : null,
    addresses: resolution?.kind === 'resolved' ? resolution.addresses : [],
    peer: findings.peer?.name ?? null,
    ...(findings.tailnet?.name && { tailnet: findings.tailnet.name }),
    route: findings.isRouted ? findings.via : null,
    policy:
      findings.verdict === undefined
        ? null
        : { decision: findings.verdict.decision, rule: findings.verdict.rule },
    status: failed === undefined ? 200 : statusOf(failed),
  };
}

/** `resolve` stops after the name: where it leads and whether it may be reached is `explain`'s. */
export function explainName(host: string, inspection: Inspection): Explanation {
  const { resolution } = inspection;
  const whole = explainInspection(host, 1, inspection);
  const passes = resolution?.kind === 'resolved';
  const steps = whole.steps.filter(({ step }) => step === 'name' || step === 'peer');
  return {
    ...whole,
    passes,
    port: null,
    steps,
    hint: passes ? '' : whole.hint,
    route: null,
    policy: null,
    status: null,
  };
}

interface Parameters {
  readonly host: string;
  readonly port: number;
  readonly dial: boolean;
}

function readParameters(value: unknown): Parameters {
  const { host, port = 443, dial = false } = (value ?? {}) as Partial<Parameters>;
  if (
    typeof host !== 'string' ||
    host === '' ||
    typeof port !== 'number' ||
    typeof dial !== 'boolean'
  ) {
    throw new SpacetailError('control_failed', 'explain needs a host and a port');
  }
  return { host, port, dial };
}

export function explainOperations(inspect: Inspect): ControlHandlers {
  const inspected = async (
    { host, port, dial }: Parameters,
    resolve: boolean,
    signal: AbortSignal,
  ) => {
    // `partner!fd7a::1` as a client would write it: with brackets.
    const bare = host.slice(host.indexOf('!') + 1);
    const isIPv6 = bare.includes(':') && canonicalAddress(bare) !== undefined;
    const written = isIPv6 ? `${host.slice(0, host.length - bare.length)}[${bare}]` : host;
    return await inspect({ written, host, port }, { dial, resolve, signal });
  };
  return {
    async explain(value, call) {
      const parameters = readParameters(value);
      const { host, port } = parameters;
      return explainInspection(host, port, await inspected(parameters, false, call.signal));
    },
    async resolve(value, call) {
      const parameters = readParameters(value);
      return explainName(
        parameters.host,
        await inspected({ ...parameters, dial: false }, true, call.signal),
      );
    },
  };
}
