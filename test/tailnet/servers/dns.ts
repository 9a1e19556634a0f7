import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, isIPv4, isIPv6, type Server, type Socket } from 'node:net';

import {
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  RECURSION_AVAILABLE,
  type Answer,
  type Packet,
} from 'dns-packet';

import { clientNode } from './client-node.ts';

/** Name → addresses, or how its question fails. A name in the list is a CNAME; the addresses after it are that name's. */
export type DnsRecords = Record<string, string[] | 'silence' | 'servfail'>;

/** One question that a server has seen. */
export interface DnsQuestion {
  name: string;
  type: string;
  over: 'udp' | 'tcp';
  /** The node whose tailscaled has asked, over TCP; null: it came by the host's own network. */
  via: string | null;
}

export interface DnsServerOptions {
  /** Tried in turn until one has a free port 53. */
  addresses: readonly string[];
  records: DnsRecords;
  /** A file; each question becomes a line of JSON in it. */
  questionLog: string;
  /**
   * False for a resolver on the tailnet: userspace tailscaled sends its UDP by the host's network,
   * and on a real one that would lead nowhere. It asks over TCP at the same time.
   */
  udp: boolean;
}

export interface DnsServer {
  readonly address: string;
  /** Where the questions are written, one JSON a line; readable from another process too. */
  readonly questionLog: string;
  readonly records: DnsRecords;
  close(): void;
}

const PORT = 53;
const REFUSE = { servfail: 2, nxdomain: 3 } as const;

/**
 * A name server on port 53 that knows the given names, says NXDOMAIN for others, and writes down
 * each question.
 *
 * @throws Error when none of the addresses has a free port 53.
 */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  let cause: unknown;
  for (const address of options.addresses) {
    try {
      return await listenAt(address, options);
    } catch (error) {
      cause = error;
    }
  }
  throw new Error(`no free port 53 at ${options.addresses.join(', ')}`, { cause });
}

async function listenAt(address: string, options: DnsServerOptions): Promise<DnsServer> {
  const { records, questionLog } = options;
  const tcp = createServer();
  tcp.listen(PORT, address);
  await once(tcp, 'listening');
  writeFileSync(questionLog, '', { flag: 'a' });
  const sockets = new Set<Socket>();
  const reply: Reply = (message, over, via) => {
    const query = decode(message);
    const question = query.questions?.[0];
    if (question === undefined) return undefined;
    const name = question.name.toLowerCase();
    const seen: DnsQuestion = { name, type: question.type, over, via };
    appendFileSync(questionLog, `${JSON.stringify(seen)}\n`);
    return answerTo(query, name, question.type, records);
  };
  serveTcp(tcp, sockets, reply);
  let udp: UdpSocket | undefined;
  if (options.udp) {
    udp = createSocket('udp4');
    udp.bind(PORT, address);
    await once(udp, 'listening');
    serveUdp(udp, reply);
  }
  return {
    address,
    questionLog,
    records,
    close() {
      udp?.close();
      tcp.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

type Reply = (message: Buffer, over: 'udp' | 'tcp', via: string | null) => Buffer | undefined;

function serveUdp(udp: UdpSocket, reply: Reply): void {
  udp.on('error', () => {});
  udp.on('message', (message, peer) => {
    const response = safely(() => reply(message, 'udp', null));
    if (response) udp.send(response, peer.port, peer.address);
  });
}

/** RFC 1035 4.2.2: each message after its length in two bytes. */
function serveTcp(tcp: Server, sockets: Set<Socket>, reply: Reply): void {
  tcp.on('connection', (socket) => {
    sockets.add(socket);
    let buffer = Buffer.alloc(0);
    const via = clientNode(socket.remotePort ?? 0, PORT);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      buffer = Buffer.concat([buffer, chunk]);
      while (buffer.length >= 2 && buffer.length >= 2 + buffer.readUInt16BE(0)) {
        const end = 2 + buffer.readUInt16BE(0);
        const message = buffer.subarray(2, end);
        buffer = buffer.subarray(end);
        const response = safely(() => reply(message, 'tcp', via ?? null));
        if (!response) continue;
        const length = Buffer.alloc(2);
        length.writeUInt16BE(response.length);
        socket.write(Buffer.concat([length, response]));
      }
    });
  });
}

/** What is not a DNS message gets no answer. */
function safely(work: () => Buffer | undefined): Buffer | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function answerTo(
  query: Packet,
  name: string,
  type: string,
  records: DnsRecords,
): Buffer | undefined {
  const found = records[name];
  if (found === 'silence') return undefined;
  const rcode = found === 'servfail' ? REFUSE.servfail : found === undefined ? REFUSE.nxdomain : 0;
  const answers: Answer[] = [];
  let owner = name;
  for (const value of Array.isArray(found) ? found : []) {
    const kind = isIPv4(value) ? 'A' : isIPv6(value) ? 'AAAA' : 'CNAME';
    if (kind === type || kind === 'CNAME') {
      answers.push({ name: owner, type: kind, ttl: 5, data: value });
    }
    // What follows an alias is the record of the name it points to.
    if (kind === 'CNAME') owner = value;
  }
  return encode({
    type: 'response',
    id: query.id ?? 0,
    // The response code is the low nibble of the flags; dns-packet takes it from there.
    flags: AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | rcode,
    questions: query.questions ?? [],
    answers,
  });
}

/** The questions that a server has written down so far. */
export function readQuestions(questionLog: string): DnsQuestion[] {
  const lines = readFileSync(questionLog, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as DnsQuestion);
}
