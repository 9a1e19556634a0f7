/**
 * The upgrade door (RFC 9110 7.8): an absolute-form request that asks for another protocol, WebSocket
 * above all. After a 101 both sides are a tunnel; any other answer is passed on and ends the connection.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { parseAbsoluteTarget } from '../core/authority.ts';
import { carry } from './carry.ts';
import { watchClient } from '../tunnel/client-watch.ts';
import type { Plan } from '../decide/decide.ts';
import type { DoorContext } from './door.ts';
import type { Exchange } from '../request/exchange.ts';
import { failure } from '../core/failure.ts';
import type { Failure } from '../core/failure.ts';
import {
  endToEnd,
  framingProblem,
  hostProblem,
  responseFields,
  valuesOf,
} from '../http/headers.ts';
import type { Connection } from '../dial/connection.ts';
import { originFailure } from '../forward/origin-failure.ts';
import { answerRaw, endAndLinger, formatHead } from '../http/raw-answer.ts';
import { askUpgrade } from '../forward/upgrade-request.ts';
import type { UpgradeAnswer } from '../forward/upgrade-request.ts';
import { reset } from '../tunnel/close.ts';

/** Whether node:http should hand the request to the upgrade door; others are forwarded without the wish. */
export function isUpgrade({ rawHeaders }: IncomingMessage): boolean {
  const [protocol] = valuesOf(rawHeaders, 'upgrade');
  // h2c is a wish that an intermediary may ignore (RFC 9113 3.1 took it back), and it comes with bodies.
  if (protocol === undefined || /h2c/iu.test(protocol)) return false;
  const length = Number(valuesOf(rawHeaders, 'content-length')[0] ?? 0);
  return length === 0 && valuesOf(rawHeaders, 'transfer-encoding').length === 0;
}

/** The handler of node:http's 'upgrade' event for absolute-form targets. */
export async function handleUpgrade(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
  context: DoorContext,
): Promise<void> {
  const method = request.method ?? 'GET';
  const parsed = parseAbsoluteTarget(request.url ?? '', method, context.hall.hasTailnets);
  const authority = parsed.kind === 'target' ? parsed.authority : undefined;
  const exchange = context.hall.begin({ proto: 'http', method, authority, socket });
  socket.on('error', () => {});
  const release = watchClient(socket, () => {
    exchange.abandon();
  });
  const inbound = await context.hall.options.guard(socket);
  if (inbound !== undefined) {
    exchange.refuse(inbound);
    socket.destroy();
    return;
  }
  const refused =
    problemOf(request, parsed.kind === 'malformed' ? parsed.detail : undefined) ??
    context.token.refusalOf(request.headers['proxy-authorization']);
  if (refused !== undefined) {
    refuse(exchange, refused);
    return;
  }
  const decision = await exchange.decide();
  if (decision.kind === 'refuse') {
    refuse(exchange, decision.failure);
    return;
  }
  const { plan } = decision;
  const dialled = await exchange.dial(plan, { isFixed: false });
  if (dialled.kind === 'failed') {
    refuse(exchange, dialled.failure);
    return;
  }
  const path = parsed.kind === 'target' ? parsed.path : '/';
  const answered = await askUpgrade(request, path, plan, dialled.connection, exchange.signal);
  const sent = Buffer.concat([head, release()]);
  await conclude(
    { answered, exchange, plan, client: socket, line: dialled.connection, head: sent },
    context,
  );
}

interface Concluding {
  readonly answered: UpgradeAnswer;
  readonly exchange: Exchange;
  readonly plan: Plan;
  readonly client: Socket;
  readonly line: Connection;
  readonly head: Buffer;
}

async function conclude(concluding: Concluding, context: DoorContext): Promise<void> {
  const { answered, exchange, plan, client, line, head } = concluding;
  if (answered.kind === 'failed') {
    reset(line.socket);
    refuse(exchange, answered.failure);
    return;
  }
  const { response } = answered;
  const status = response.statusCode ?? 502;
  if (answered.kind === 'switched') {
    client.write(formatHead(status, response.statusMessage ?? '', switchFields(response)));
    line.release(answered.head);
    await carry({ exchange, plan, client, line, head, status }, context);
    return;
  }
  const fields = [...responseFields(response.rawHeaders), 'Connection', 'close'];
  client.write(formatHead(status, response.statusMessage ?? '', fields));
  let bytesDown = 0;
  let failed: Failure | undefined;
  try {
    for await (const chunk of response) {
      bytesDown += (chunk as Buffer).length;
      if (client.destroyed) break;
      if (!client.write(chunk as Buffer)) await drained(client);
    }
    endAndLinger(client);
  } catch (error) {
    failed = originFailure(error as Error, plan, status);
    reset(client);
  }
  line.socket.destroy();
  exchange.end({
    status,
    failure: failed,
    bytesUp: 0,
    bytesDown,
    closeReason: failed ? 'origin_closed' : 'complete',
  });
}

function switchFields({ rawHeaders }: IncomingMessage): string[] {
  const protocols = valuesOf(rawHeaders, 'upgrade').join(', ');
  return [...endToEnd(rawHeaders), 'Connection', 'Upgrade', 'Upgrade', protocols];
}

function problemOf(
  request: IncomingMessage,
  targetProblem: string | undefined,
): Failure | undefined {
  const { rawHeaders, httpVersion } = request;
  const detail =
    targetProblem ??
    framingProblem(rawHeaders, httpVersion) ??
    hostProblem(rawHeaders, httpVersion) ??
    (isUpgrade(request) ? undefined : 'an upgrade with a body, or to h2c');
  if (detail === undefined) return undefined;
  return failure(
    'malformed',
    `malformed request: ${detail}`,
    'Send an absolute ws:// or http:// URI.',
  );
}

function refuse(exchange: Exchange, failed: Failure): void {
  answerRaw(exchange.request.socket, failed);
  exchange.refuse(failed);
}

async function drained(client: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  client.once('drain', resolve).once('close', resolve);
  await promise;
}
