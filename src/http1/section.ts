/**
 * Lines up to an empty one, taken in any pieces: the head of a message, or its trailers. Each byte is looked at a
 * fixed number of times however the pieces fall, and at most `maxBytes` and one piece are kept.
 */
import { CR, LF } from './bytes.ts';
import { readFields } from './fields.ts';

export interface Grammar<Start> {
  /** A request's: CRLF alone ends a line, and field lines are read strictly. */
  readonly isStrict: boolean;
  /** What can never become a start line, said before its line is whole. */
  readonly beginProblem:
    | ((bytes: Buffer, from: number, to: number) => string | undefined)
    | undefined;
  /** `undefined`: there is no start line, as in trailers. */
  readonly readStart:
    | ((bytes: Buffer, from: number, to: number) => Start | { readonly problem: string })
    | undefined;
}

export type SectionRead<Start> =
  | { readonly kind: 'more' }
  | {
      readonly kind: 'whole';
      readonly start: Start;
      readonly fields: string[];
      /** What follows in the last piece. */
      readonly rest: Buffer;
    }
  | { readonly kind: 'malformed'; readonly detail: string }
  | { readonly kind: 'too_large' };

const NOTHING = Buffer.alloc(0);
const MORE = { kind: 'more' } as const;
const TOO_LARGE = { kind: 'too_large' } as const;
const FIRST_BYTES = 2048;

export class SectionReader<Start> {
  readonly #grammar: Grammar<Start>;
  readonly #maxBytes: number;
  /** What has come in pieces so far; a copy, since a piece may be lent. */
  #kept: Buffer = NOTHING;
  #length = 0;
  /** Where the line begins that is being looked at. */
  #lineAt = 0;
  /** Where the next line end is looked for. */
  #scanned = 0;
  #fieldsAt = 0;
  #start: Start | undefined;
  #hasStart: boolean;

  constructor(grammar: Grammar<Start>, maxBytes: number) {
    this.#grammar = grammar;
    this.#maxBytes = maxBytes;
    this.#hasStart = grammar.readStart === undefined;
  }

  /** A byte of it has come, empty lines before a head aside (RFC 9112 2.2). */
  get hasBegun(): boolean {
    return this.#hasStart || this.#length > this.#lineAt;
  }

  /** To be called until it says anything but `more`. */
  push(piece: Buffer): SectionRead<Start> {
    const before = this.#length;
    const bytes = this.#append(piece);
    for (;;) {
      const lf = bytes.indexOf(LF, this.#scanned);
      if (lf === -1) break;
      const lineAt = this.#lineAt;
      const hasCr = lf > lineAt && bytes[lf - 1] === CR;
      if (!hasCr && this.#grammar.isStrict) return malformed('a line that does not end in CRLF');
      const lineEnd = hasCr ? lf - 1 : lf;
      this.#lineAt = this.#scanned = lf + 1;
      if (this.#lineAt > this.#maxBytes) return TOO_LARGE;
      if (lineEnd > lineAt) {
        const problem = this.#hasStart ? undefined : this.#readStart(bytes, lineAt, lineEnd);
        if (problem !== undefined) return malformed(problem);
      } else if (this.#hasStart) {
        return this.#whole(bytes, lineAt, piece.subarray(lf + 1 - before));
      }
    }
    this.#scanned = this.#length;
    if (this.#length > this.#maxBytes) return TOO_LARGE;
    const problem =
      this.#hasStart || this.#length === this.#lineAt
        ? undefined
        : this.#grammar.beginProblem?.(bytes, this.#lineAt, this.#length);
    if (problem !== undefined) return malformed(problem);
    if (this.#kept.length === 0) this.#keep(piece, 0);
    return MORE;
  }

  #readStart(bytes: Buffer, from: number, to: number): string | undefined {
    const start = this.#grammar.readStart!(bytes, from, to);
    if (isProblem(start)) return start.problem;
    this.#start = start;
    this.#hasStart = true;
    this.#fieldsAt = this.#lineAt;
    return undefined;
  }

  #whole(bytes: Buffer, fieldsEnd: number, rest: Buffer): SectionRead<Start> {
    const fields = readFields(bytes, this.#fieldsAt, fieldsEnd, this.#grammar.isStrict);
    if (!Array.isArray(fields)) return malformed(fields.problem);
    return { kind: 'whole', start: this.#start as Start, fields, rest };
  }

  /** All bytes so far. The first piece, which mostly is the whole, is not copied. */
  #append(piece: Buffer): Buffer {
    if (this.#kept.length > 0) {
      this.#keep(piece, this.#length);
      return this.#kept.subarray(0, this.#length);
    }
    this.#length = piece.length;
    return piece;
  }

  #keep(piece: Buffer, at: number): void {
    this.#length = at + piece.length;
    if (this.#length > this.#kept.length) {
      const larger = Buffer.allocUnsafe(Math.max(FIRST_BYTES, 2 * this.#length));
      this.#kept.copy(larger, 0, 0, at);
      this.#kept = larger;
    }
    piece.copy(this.#kept, at);
  }
}

function isProblem(value: unknown): value is { readonly problem: string } {
  return typeof value === 'object' && value !== null && 'problem' in value;
}

function malformed(detail: string): { readonly kind: 'malformed'; readonly detail: string } {
  return { kind: 'malformed', detail };
}
