/** HTTP to tailscaled over its unix socket (tailscale: ipn/localapi, client/local). */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { messageOf } from '../../errors.ts';

/** What a request came to; only the caller's abort is an exception. */
export type LocalApiReply =
  | { readonly kind: 'answer'; readonly status: number; readonly body: Buffer<ArrayBuffer> }
  /** Nobody listens on the socket, or the answer was cut short. */
  | { readonly kind: 'down'; readonly detail: string };

export interface LocalApiRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH';
  /** Below `/localapi/v0/`, query included. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default 1 MiB. */
  readonly maxBytes?: number;
}

/**
 * Without a limit of connections: a question to a dead resolver blocks no other. A new connection costs
 * 50 µs; one kept alive may have died with a tailscaled that was restarted.
 */
const agent = new Agent({ keepAlive: false, maxSockets: Infinity });

/** Opens a request; the caller ends it, or reads its events. */
export function openRequest(
  socketPath: string,
  { method = 'GET', path, headers }: LocalApiRequest,
  signal: AbortSignal,
): ClientRequest {
  return request({
    socketPath,
    method,
    path: `/localapi/v0/${path}`,
    // The name that LocalAPI insists on (ipn/localapi: apitype.LocalAPIHost).
    headers: { Host: 'local-tailscaled.sock', ...headers },
    agent,
    signal,
  });
}

/** Sends a request and reads its whole answer. @throws the signal's reason */
export async function callLocalApi(
  socketPath: string,
  call: LocalApiRequest,
  signal: AbortSignal,
): Promise<LocalApiReply> {
  signal.throwIfAborted();
  try {
    const response = await responseTo(openRequest(socketPath, call, signal));
    const body = await readBody(response, call.maxBytes ?? 1 << 20);
    return { kind: 'answer', status: response.statusCode ?? 0, body };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'down', detail: messageOf(error) };
  }
}

function responseTo(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.once('response', resolve).once('error', reject).end();
  });
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes)
      throw new Error(`an answer of LocalAPI is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  // A buffer of its own, so that it can move to a worker.
  const body = Buffer.from(new ArrayBuffer(length));
  let at = 0;
  for (const chunk of chunks) at += chunk.copy(body, at);
  return body;
}
