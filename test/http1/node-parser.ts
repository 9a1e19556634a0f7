/** node:http's own parser (llhttp), without a socket: the second opinion on what a message says. */
// @ts-expect-error -- it has no types; node:http is built on it
import common from '_http_common';
import type { Kind, Message } from './message.ts';

interface Parser {
  initialize(kind: number, resource: object, maxHeaderBytes: number, lenient: number): void;
  execute(bytes: Buffer): number | Error;
  finish(): Error | undefined;
  [callback: number]: ((...facts: unknown[]) => number | undefined) | undefined;
}

interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly RESPONSE: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
}

const { HTTPParser, methods } = common as { HTTPParser: ParserClass; methods: readonly string[] };

const MAX_HEAD_BYTES = 64 * 1024;
/** To `kOnHeadersComplete`: read on. */
const GO_ON = 0;

/** The first message of these bytes. */
export function readByNode(kind: Kind, bytes: Buffer): Message {
  const parser = new HTTPParser();
  const [of, strict] = [kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, 0];
  parser.initialize(of, {}, MAX_HEAD_BYTES, strict);
  let [fields, trailers]: [string[], string[]] = [[], []];
  let [start, content]: [string | undefined, string] = [undefined, ''];
  let isWhole = false;
  let earlyTarget = '';
  // After 32 fields, and for trailers.
  parser[HTTPParser.kOnHeaders] = (more, url) => {
    if (!isWhole && start === undefined) earlyTarget += url as string;
    if (!isWhole) (start === undefined ? fields : trailers).push(...(more as string[]));
    return undefined;
  };
  parser[HTTPParser.kOnHeadersComplete] = (...facts) => {
    if (isWhole) return GO_ON;
    const [major, minor, more = [], method, url, status, reason] = facts as [
      number,
      number,
      string[] | undefined,
      number,
      string | undefined,
      number,
      string,
    ];
    fields = [...fields, ...more];
    const what =
      kind === 'request' ? `${methods[method]} ${url ?? earlyTarget}` : `${status} ${reason}`;
    start = `${what} ${major}.${minor}`;
    return GO_ON;
  };
  parser[HTTPParser.kOnBody] = (part) => {
    if (!isWhole) content += (part as Buffer).toString('latin1');
    return undefined;
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    isWhole = true;
    return undefined;
  };
  const result = parser.execute(bytes);
  if (isWhole && start !== undefined)
    return { kind: 'whole', start, fields, content, trailers, rest: '' };
  if (result instanceof Error) {
    return { kind: 'malformed', why: 'reason' in result ? String(result.reason) : result.message };
  }
  return { kind: 'more' };
}
