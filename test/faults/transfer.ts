/** One transfer through the bridge, whose every byte is checked: nothing that was acknowledged may be lost or altered. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { patternBytes } from '../tailnet/servers/origin-routes.ts';

export const doors = ['connect', 'forward', 'socks5'] as const;
export type Door = (typeof doors)[number];

export type Outcome =
  | { readonly kind: 'whole' }
  /** The bridge said no, in words of its protocol. */
  | { readonly kind: 'refused'; readonly why: string }
  /** Ended before its announced end, and so that the client sees it. */
  | { readonly kind: 'cut'; readonly why: string }
  /** Looked complete and was not what was sent. Never right. */
  | { readonly kind: 'altered'; readonly why: string }
  /** Neither went on nor ended. */
  | { readonly kind: 'stuck' };

export interface Ports {
  readonly httpPort: number;
  readonly socksPort: number;
}

export interface Transfer {
  readonly door: Door;
  readonly direction: 'down' | 'up';
  readonly bytes: number;
  readonly host: string;
  readonly port: number;
  readonly limitMs?: number;
  /** After each piece of the answer's body, with the bytes so far. */
  readonly onBytes?: (soFar: number) => void;
}

/** Bytes of a socket, so many or up to a mark at a time. */
class Reader {
  #bytes: Buffer = Buffer.alloc(0);
  readonly #chunks: AsyncIterator<Buffer>;

  constructor(socket: Socket) {
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async #more(): Promise<void> {
    const next = await this.#chunks.next();
    if (next.done === true) throw new Error('ended');
    this.#bytes = Buffer.concat([this.#bytes, next.value]);
  }

  async take(count: number): Promise<Buffer> {
    while (this.#bytes.length < count) await this.#more();
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  async head(): Promise<string> {
    for (;;) {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end !== -1) return (await this.take(end + 4)).toString('latin1');
      await this.#more();
    }
  }

  /** What has come already, else the next piece. */
  async piece(most: number): Promise<Buffer> {
    if (this.#bytes.length === 0) await this.#more();
    return await this.take(Math.min(most, this.#bytes.length));
  }
}

/** Never rejects. */
export async function transfer(ports: Ports, wanted: Transfer): Promise<Outcome> {
  const socket = connect({
    host: '127.0.0.1',
    port: wanted.door === 'socks5' ? ports.socksPort : ports.httpPort,
  });
  socket.on('error', () => {});
  let isStuck = false;
  const timer = setTimeout(() => {
    isStuck = true;
    socket.destroy();
  }, wanted.limitMs ?? 60_000);
  try {
    await once(socket, 'connect');
    return await carry(socket, wanted);
  } catch (error) {
    if (isStuck) return { kind: 'stuck' };
    return { kind: 'cut', why: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function carry(socket: Socket, wanted: Transfer): Promise<Outcome> {
  const { door, direction, bytes, host, port } = wanted;
  const reader = new Reader(socket);
  const refused = await open(socket, reader, wanted);
  if (refused !== undefined) return { kind: 'refused', why: refused };
  const origin = door === 'forward' ? `http://${host}:${port}` : '';
  const common = `HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: close\r\n`;
  const body = direction === 'up' ? randomBytes(bytes) : undefined;
  if (body === undefined) socket.write(`GET ${origin}/bytes/${bytes} ${common}\r\n`);
  else {
    socket.write(`POST ${origin}/echo ${common}Content-Length: ${bytes}\r\n\r\n`);
    socket.write(body);
  }
  const head = await reader.head();
  const status = Number(head.split(' ')[1]);
  if (status !== 200) return { kind: 'refused', why: `${status} ${proxyStatus(head)}` };
  const length = Number(/content-length: (?<n>\d+)/iu.exec(head)?.groups?.['n']);
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  for (let got = 0; got < length;) {
    const piece = await reader.piece(length - got);
    got += piece.length;
    hash.update(piece);
    if (body !== undefined) kept.push(Buffer.from(piece));
    wanted.onBytes?.(got);
  }
  if (body === undefined) {
    const expected = createHash('sha256').update(patternBytes(bytes)).digest('hex');
    const isSame = length === bytes && hash.digest('hex') === expected;
    return isSame ? { kind: 'whole' } : { kind: 'altered', why: `${bytes} bytes down` };
  }
  const echo = JSON.parse(Buffer.concat(kept).toString()) as { bodySha256: string };
  const isSame = echo.bodySha256 === createHash('sha256').update(body).digest('hex');
  return isSame ? { kind: 'whole' } : { kind: 'altered', why: `${bytes} bytes up` };
}

/** Why there is no tunnel, for the doors that make one. */
async function open(socket: Socket, reader: Reader, wanted: Transfer): Promise<string | undefined> {
  const { door, host, port } = wanted;
  if (door === 'connect') {
    socket.write(`CONNECT ${host}:${port} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
    const head = await reader.head();
    return head.startsWith('HTTP/1.1 200 ')
      ? undefined
      : `${head.split(' ')[1]} ${proxyStatus(head)}`;
  }
  if (door === 'socks5') {
    const name = Buffer.from(host);
    socket.write(Buffer.from([5, 1, 0]));
    await reader.take(2);
    const to = Buffer.from([port >> 8, port & 0xff]);
    socket.write(Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name, to]));
    const reply = (await reader.take(10))[1];
    return reply === 0 ? undefined : `SOCKS5 reply ${reply}`;
  }
  return undefined;
}

function proxyStatus(head: string): string {
  return /proxy-status: spacetail; error=(?<error>[\w-]+)/iu.exec(head)?.groups?.['error'] ?? '';
}
