/** The content of a message out of its framing, taken in any pieces: RFC 9112 6 and 7.1. */
import { CR, isBlank, isOf, LF, TEXT } from './bytes.ts';
import type { Framing } from './framing.ts';
import { trailerReader } from './head.ts';
import type { SectionReader } from './section.ts';

export type BodyState = 'more' | 'whole' | 'malformed';

type Place = 'size' | 'padding' | 'extension' | 'content' | 'content-end' | 'trailers';

/** Leading zeros among them: some servers pad so. */
const MOST_SIZE_DIGITS = 16;
/** Of a chunk's extensions, which are read over and never kept. */
const MOST_EXTENSION_BYTES = 4096;

export class BodyReader {
  readonly #framing: Framing['kind'];
  /** CRLF alone ends a line of the chunked coding: in requests. */
  readonly #isStrict: boolean;
  #state: BodyState;
  /** Of the length, or of the chunk. */
  #left: number;
  #place: Place = 'size';
  #digits = 0;
  #extensionBytes = 0;
  #sawCr = false;
  #trailerReader: SectionReader<undefined> | undefined;
  #trailers: readonly string[] = [];
  #problem = '';

  constructor(framing: Framing, isStrict: boolean) {
    this.#framing = framing.kind;
    this.#isStrict = isStrict;
    this.#left = framing.kind === 'length' ? framing.bytes : 0;
    this.#state = framing.kind === 'none' ? 'whole' : 'more';
  }

  get state(): BodyState {
    return this.#state;
  }

  /** Once it is whole. */
  get trailers(): readonly string[] {
    return this.#trailers;
  }

  /** Once it is malformed. */
  get problem(): string {
    return this.#problem;
  }

  /**
   * Gives the content of a piece to `take`, as parts of it.
   *
   * @returns how many bytes of the piece belong to the body: all of them as long as there is more to come
   */
  push(piece: Buffer, take: (content: Buffer) => void): number {
    if (this.#state !== 'more') return 0;
    if (this.#framing === 'chunked') return this.#pushChunked(piece, take);
    if (this.#framing === 'close') {
      if (piece.length > 0) take(piece);
      return piece.length;
    }
    const used = Math.min(this.#left, piece.length);
    this.#left -= used;
    if (used > 0) take(used === piece.length ? piece : piece.subarray(0, used));
    if (this.#left === 0) this.#state = 'whole';
    return used;
  }

  /** The connection has ended. */
  end(): BodyState {
    if (this.#framing === 'close') this.#state = 'whole';
    return this.#state;
  }

  #pushChunked(piece: Buffer, take: (content: Buffer) => void): number {
    let at = 0;
    while (at < piece.length) {
      if (this.#place === 'content') {
        const end = Math.min(piece.length, at + this.#left);
        this.#left -= end - at;
        take(piece.subarray(at, end));
        at = end;
        if (this.#left > 0) break;
        this.#place = 'content-end';
      } else if (this.#place === 'trailers') {
        return at + this.#pushTrailers(piece.subarray(at));
      } else {
        const problem = this.#pushByte(piece[at]!);
        if (problem !== undefined) return this.#fail(problem, at);
        at += 1;
      }
    }
    return at;
  }

  /** @returns what is wrong with it */
  #pushByte(byte: number): string | undefined {
    if (byte === LF) return this.#endLine();
    if (this.#sawCr) return 'a CR without LF in a chunk';
    if (byte === CR) {
      this.#sawCr = true;
      return undefined;
    }
    switch (this.#place) {
      case 'size': {
        return this.#pushDigit(byte);
      }
      case 'padding':
      case 'extension': {
        if (this.#place === 'padding' && byte !== SEMICOLON && !isBlank(byte)) return BAD_SIZE;
        if (byte === SEMICOLON) this.#place = 'extension';
        if (!isOf(TEXT, byte)) return 'a control character in the extension of a chunk';
        this.#extensionBytes += 1;
        return this.#extensionBytes > MOST_EXTENSION_BYTES
          ? 'an extension of a chunk that is too long'
          : undefined;
      }
      default: {
        return 'a chunk that is longer than its size';
      }
    }
  }

  #pushDigit(byte: number): string | undefined {
    const digit = hexDigit(byte);
    if (digit === undefined) {
      if (this.#digits === 0 || (byte !== SEMICOLON && !isBlank(byte))) return BAD_SIZE;
      this.#place = byte === SEMICOLON ? 'extension' : 'padding';
      return undefined;
    }
    this.#digits += 1;
    this.#left = 16 * this.#left + digit;
    return this.#digits > MOST_SIZE_DIGITS || this.#left > Number.MAX_SAFE_INTEGER
      ? 'the size of a chunk is too large'
      : undefined;
  }

  #endLine(): string | undefined {
    if (!this.#sawCr && this.#isStrict) return 'a line of a chunk that does not end in CRLF';
    this.#sawCr = false;
    if (this.#place === 'content-end') {
      this.#place = 'size';
      this.#digits = 0;
      this.#extensionBytes = 0;
      return undefined;
    }
    if (this.#digits === 0) return BAD_SIZE;
    this.#place = this.#left > 0 ? 'content' : 'trailers';
    return undefined;
  }

  #pushTrailers(piece: Buffer): number {
    this.#trailerReader ??= trailerReader(this.#isStrict);
    const read = this.#trailerReader.push(piece);
    if (read.kind === 'more') return piece.length;
    if (read.kind === 'malformed') return this.#fail(read.detail, 0);
    if (read.kind === 'too_large') return this.#fail('the trailers are too large', 0);
    this.#trailers = read.fields;
    this.#state = 'whole';
    return piece.length - read.rest.length;
  }

  #fail(problem: string, at: number): number {
    this.#problem = problem;
    this.#state = 'malformed';
    return at;
  }
}

const SEMICOLON = 0x3b;
const BAD_SIZE = 'the size of a chunk is not a hexadecimal number';

function hexDigit(byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}
