/** Whole messages read by src/http1, for its tests. */
import { BodyReader } from '../../src/http1/body.ts';
import { requestFraming, responseFraming } from '../../src/http1/framing.ts';
import { requestReader, responseReader } from '../../src/http1/head.ts';

export type Kind = 'request' | 'answer';

export type Message =
  | {
      readonly kind: 'whole';
      /** `POST /path` or `200 OK`, with the version. */
      readonly start: string;
      readonly fields: readonly string[];
      readonly content: string;
      readonly trailers: readonly string[];
      /** Bytes behind it. */
      readonly rest: string;
    }
  /** More must come, or the end of the connection. */
  | { readonly kind: 'more' }
  | { readonly kind: 'malformed'; readonly why: string };

/** @param pieces - of a connection, in order; answers are read as those to a GET */
export function readMessage(kind: Kind, pieces: readonly Buffer[]): Message {
  const reader = kind === 'request' ? requestReader() : responseReader();
  let [start, fields]: [string, readonly string[]] = ['', []];
  let body: BodyReader | undefined;
  let content = '';
  let rest = '';
  for (let piece of pieces) {
    if (body === undefined) {
      const read = reader.push(piece);
      if (read.kind === 'more') continue;
      if (read.kind === 'too_large') return { kind: 'malformed', why: 'too large' };
      if (read.kind === 'malformed') return { kind: 'malformed', why: read.detail };
      fields = read.fields;
      piece = read.rest;
      const framing =
        'method' in read.start
          ? requestFraming({ ...read.start, fields })
          : responseFraming({ ...read.start, fields }, 'GET');
      start =
        'method' in read.start
          ? `${read.start.method} ${read.start.target} ${read.start.version}`
          : `${read.start.status} ${read.start.reason} ${read.start.version}`;
      if (framing.kind === 'ambiguous') return { kind: 'malformed', why: framing.detail };
      body = new BodyReader(framing, kind === 'request');
    }
    const used = body.push(piece, (part) => (content += part.toString('latin1')));
    if (body.state === 'malformed') return { kind: 'malformed', why: body.problem };
    rest += piece.toString('latin1', used);
  }
  if (body === undefined || body.state === 'more') return { kind: 'more' };
  return { kind: 'whole', start, fields, content, trailers: body.trailers, rest };
}

/** Cut at these places, given as shares of its length. */
export function cut(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const places = shares.map((share) => Math.floor(share * bytes.length)).toSorted((a, b) => a - b);
  return [0, ...places].map((from, at) => bytes.subarray(from, places[at] ?? bytes.length));
}
