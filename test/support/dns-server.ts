/** A DNS server over UDP on 127.0.0.1 that answers as a test says, and remembers what it was asked. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { decode, encode, type Answer } from 'dns-packet';

export interface DnsReplyText {
  readonly answers?: Answer[];
  /** 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED */
  readonly rcode?: number;
}

/** What to answer; `undefined` is silence. */
export type DnsHandler = (name: string, type: string) => DnsReplyText | undefined;

export interface DnsServer extends AsyncDisposable {
  /** e.g. `127.0.0.1:40053` */
  readonly address: string;
  /** `TYPE name` of each question, in order. */
  readonly asked: string[];
}

/** The bytes of an answer. */
export function dnsMessage(
  id: number,
  name: string,
  type: string,
  { answers = [], rcode = 0 }: DnsReplyText,
): Buffer {
  return encode({
    id,
    type: 'response',
    flags: 0x180 | rcode,
    questions: [{ name, type: type as 'A' }],
    answers,
  });
}

export async function startDnsServer(handler: DnsHandler): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const asked: string[] = [];
  socket.on('message', (message, from) => {
    const { id = 0, questions = [] } = decode(message);
    const question = questions[0];
    if (question === undefined) return;
    asked.push(`${question.type} ${question.name}`);
    const reply = handler(question.name, question.type);
    if (reply !== undefined)
      socket.send(dnsMessage(id, question.name, question.type, reply), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, 'close');
    },
  };
}
