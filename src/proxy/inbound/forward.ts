/** Requests in absolute form: one to an origin and its answer back, or an upgrade and the tunnel behind it (RFC 9112 3.2.2). */
import type { Socket } from 'node:net';
import type { BodyReader } from '../../http1/body.ts';
import { valuesOf } from '../../http1/fields.ts';
import type { Framing } from '../../http1/framing.ts';
import { requestFraming } from '../../http1/framing.ts';
import type { RequestHead } from '../../http1/head.ts';
import { formatAuthority, hostForLog, parseAbsoluteTarget } from '../core/authority.ts';
import type { ParsedTarget } from '../core/authority.ts';
import { clientGone } from '../core/failure.ts';
import type { Plan } from '../decide/decide.ts';
import { refusedBy } from '../dial/upstream.ts';
import type { Failure } from '../core/failure.ts';
import { closesConnection, failure, statusOf } from '../core/failure.ts';
import { Origin } from '../forward/origin.ts';
import type { OriginPool } from '../forward/origin-pool.ts';
import { Relay } from '../forward/relay.ts';
import type { RelayEnd } from '../forward/relay.ts';
import { secure } from '../forward/tls.ts';
import { answerAndClose, endAndLinger, formatFailure } from '../http/answer-failure.ts';
import { hostProblem, letsGoOn, upgradeOf } from '../http/fields.ts';
import type { Exchange } from '../request/exchange.ts';
import { stopping } from '../request/refused-early.ts';
import { reset } from '../tunnel/close.ts';
import { carry } from './carry.ts';
import type { ClientConnection } from './client-connection.ts';
import { whenGone } from './client-gone.ts';
import type { HandlerContext } from './handler.ts';
import { finalAnswer } from './max-forwards.ts';
import { admit } from './preamble.ts';

export interface ForwardContext extends HandlerContext {
  readonly pool: OriginPool;
  /** SSL_CERT_FILE */
  readonly caFile: string | undefined;
}

/** Whether the connection has a next request. */
export type After = 'next' | 'over';

type Target = Extract<ParsedTarget, { readonly kind: 'target' }>;

interface Forwarded {
  readonly client: ClientConnection;
  readonly head: RequestHead;
  readonly framing: Framing;
  readonly body: BodyReader;
  readonly exchange: Exchange;
  readonly target: Target;
}

const PROXY_AUTHENTICATION_REQUIRED = 407;
const HINT = 'Send an absolute http:// URI with one Host field and one length.';

export async function handleForward(
  head: RequestHead,
  client: ClientConnection,
  context: ForwardContext,
): Promise<After> {
  const { socket } = client;
  const read = requestFraming(head);
  const framing: Framing = read.kind === 'ambiguous' ? { kind: 'none' } : read;
  const body = client.bodyOf(framing);
  const admission = await admit(
    {
      socket,
      proto: 'http',
      method: head.method,
      tokenProblem: () => tokenProblem(head, context),
      framingProblem: () =>
        read.kind === 'ambiguous' ? read.detail : hostProblem(head.fields, head.version),
      target: () => {
        const parsed = parseAbsoluteTarget(head.target, head.method, context.exchanges.hasTailnets);
        return expectationProblem(head) ?? parsed;
      },
      hint: HINT,
    },
    context,
  );
  if (admission.kind === 'closed') return 'over';
  if (admission.kind === 'refused') {
    const isLost = read.kind === 'ambiguous';
    return answer(client, head, admission.failure, isLost);
  }
  const { exchange, target } = admission;
  const final = finalAnswer(head);
  if (final !== undefined) {
    exchange.end({ status: final.status, bytesUp: 0, bytesDown: 0, closeReason: 'complete' });
    socket.write(final.bytes);
    return letsGoOn(head) ? 'next' : over(socket);
  }
  const unwatch = whenGone(client.reader, () => exchange.abandon());
  const onCut = (): void => {
    if (exchange.isCut) socket.destroy();
  };
  exchange.signal.addEventListener('abort', onCut);
  const after = await decideAndSend(
    { client, head, framing, body, exchange, target },
    unwatch,
    context,
  );
  exchange.signal.removeEventListener('abort', onCut);
  unwatch();
  return after;
}

async function decideAndSend(
  forwarded: Forwarded,
  unwatch: () => void,
  context: ForwardContext,
): Promise<After> {
  const { client, head, exchange } = forwarded;
  const decision = await exchange.decide();
  if (decision.kind === 'refuse') return refuse(forwarded, decision.failure);
  const { plan } = decision;
  const { isTls } = forwarded.target;
  const upgrade = head.version === '1.1' ? upgradeOf(head.fields) : undefined;
  let idle = context.pool.take(plan, isTls, client.socket);
  // An upgrade needs a tunnel through an upstream proxy.
  if (idle?.absoluteForm !== undefined && upgrade !== undefined) {
    idle.close();
    idle = undefined;
  }
  for (let reused = idle; ; reused = undefined) {
    const origin = reused ?? (await connect(forwarded, plan, upgrade === undefined, context));
    if (!(origin instanceof Origin)) return refuse(forwarded, origin);
    const relay = new Relay(relayedOf(forwarded, plan, upgrade, origin, context), origin);
    const end = await relay.run();
    if (end.kind === 'switched') {
      unwatch();
      const { connection, reader } = origin;
      connection.release(reader.detach());
      const sent = client.reader.detach();
      await carry(
        { exchange, plan, client: client.socket, connection, head: sent, status: 101 },
        context,
      );
      return 'over';
    }
    if (end.kind === 'answered' && end.mayReuse) context.pool.put(plan, isTls, origin);
    else origin.close();
    if (end.kind === 'stale') continue;
    return conclude(forwarded, relay, end);
  }
}

function relayedOf(
  { client, head, framing, body, exchange, target }: Forwarded,
  plan: Plan,
  upgrade: string | undefined,
  { absoluteForm }: Origin,
  { exchanges }: ForwardContext,
) {
  const host = hostField(plan, target.isTls);
  const { upstreamProxy } = exchanges.options;
  return {
    head,
    // RFC 9112 3.2.4: the whole server is `*`, and no path at all in absolute form.
    target: absoluteForm ? `http://${host}${target.path}` : target.path || '*',
    host,
    // To our client a 407 would mean our own token.
    refusedBy: (status: number) =>
      upstreamProxy !== undefined && status === PROXY_AUTHENTICATION_REQUIRED
        ? refusedBy(upstreamProxy, status, formatAuthority(plan.host, plan.port))
        : undefined,
    framing,
    body,
    client: client.reader,
    upgrade,
    plan,
    signal: exchange.signal,
  };
}

/** RFC 9110 7.2: the target's authority, without the default port. */
function hostField({ host, port }: Plan, isTls: boolean): string {
  const authority = formatAuthority(hostForLog(host), port);
  const suffix = isTls ? ':443' : ':80';
  return authority.endsWith(suffix) ? authority.slice(0, -suffix.length) : authority;
}

async function connect(
  { exchange, target }: Forwarded,
  plan: Plan,
  isPlain: boolean,
  { caFile, exchanges }: ForwardContext,
): Promise<Origin | Failure> {
  const requests = isPlain && !target.isTls;
  const dialled = await exchange.dial(plan, { isFixed: false, requests });
  if (dialled.kind === 'failed') return dialled.failure;
  if (!target.isTls) return new Origin(dialled.connection, dialled.absoluteForm);
  const { signal } = exchange;
  const secured = await secure(
    dialled.connection,
    {
      host: hostForLog(target.authority.host),
      port: plan.port,
      timeoutMs: exchanges.options.connectTimeoutMs,
      signal,
    },
    caFile,
  );
  return secured.kind === 'secured' ? new Origin(secured.connection) : secured.failure;
}

function conclude(
  { client, head, exchange }: Forwarded,
  { bytesUp, bytesDown }: Relay,
  end: Exclude<RelayEnd, { kind: 'switched' | 'stale' }>,
): After {
  const { socket } = client;
  if (end.kind === 'answered') {
    const { status, mayGoOn } = end;
    exchange.end({ status, bytesUp, bytesDown, closeReason: 'complete' });
    return mayGoOn ? 'next' : over(socket);
  }
  const failed = end.kind === 'failed' ? end.failure : exchange.isCut ? stopping() : clientGone();
  const status = end.status ?? statusOf(failed);
  const isClients = failed.kind === 'client_gone';
  const closeReason = exchange.isCut ? 'drained' : isClients ? 'client_closed' : 'origin_closed';
  exchange.end({ status, failure: failed, bytesUp, bytesDown, closeReason });
  if (end.status === undefined && !isClients && !exchange.isCut)
    return answer(client, head, failed);
  // A body that was cut must not look whole: without a length only a reset says so.
  if (head.version === '1.1' || isClients) socket.destroy();
  else reset(socket);
  return 'over';
}

function over(socket: Socket): 'over' {
  endAndLinger(socket);
  return 'over';
}

function refuse({ client, head, exchange }: Forwarded, failed: Failure): After {
  exchange.refuse(failed);
  return answer(client, head, failed);
}

/** What the bridge itself has to say of a request. */
function answer(
  { socket }: ClientConnection,
  head: RequestHead,
  failed: Failure,
  isLost = false,
): After {
  if (socket.destroyed) return 'over';
  // A client that waits for a 100 may or may not send its content now: the next request could not be told from it.
  const isWaiting = valuesOf(head.fields, 'expect').length > 0;
  const isLast = isLost || closesConnection(failed) || isWaiting || !letsGoOn(head);
  const isHead = head.method === 'HEAD';
  if (isLast) answerAndClose(socket, failed, { isHead });
  else socket.write(formatFailure(failed, { isLast, isHead }));
  return isLast ? 'over' : 'next';
}

export function tokenProblem(
  { fields }: RequestHead,
  { token }: HandlerContext,
): Failure | undefined {
  if (!token.isRequired) return undefined;
  const [value, another] = valuesOf(fields, 'proxy-authorization');
  return token.refusalOf(another === undefined ? value : '');
}

/** RFC 9110 10.1.1 knows one; HTTP/1.0 none. */
function expectationProblem({ fields, version }: RequestHead): Failure | undefined {
  if (version === '1.0') return undefined;
  const unknown = valuesOf(fields, 'expect').find(
    (value) => value.toLowerCase() !== '100-continue',
  );
  if (unknown === undefined) return undefined;
  return failure('expectation_unknown', `Expect: ${unknown} is not served`, 'Leave Expect out.');
}
