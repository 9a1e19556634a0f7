/** What a fuzz target is: one parser, and what must hold for whatever bytes it is given. */
import assert from 'node:assert/strict';
import { SpacetailError } from '../../src/errors.ts';
import type { ErrorCode } from '../../src/errors.ts';

export interface FuzzTarget {
  /** Also its folder in corpus/. */
  readonly name: string;
  /** Throws where something does not hold. */
  readonly check: (bytes: Buffer) => void | Promise<void>;
  /** Words of its grammar, put in here and there. */
  readonly words: readonly string[];
}

/** The value, or undefined where the parser refused with one of the errors that it declares. */
export function orRefused<Value>(
  parse: () => Value,
  ...codes: readonly ErrorCode[]
): Value | undefined {
  try {
    return parse();
  } catch (error) {
    assert.ok(error instanceof SpacetailError, `threw ${String(error)}`);
    assert.ok(codes.includes(error.code), `threw ${error.code}`);
    assert.ok(!/(?![\n\t])\p{Cc}/u.test(error.message), 'control characters in the error');
    return undefined;
  }
}

type Streamed = { readonly kind: string; readonly used?: number };

/**
 * A parser of a stream: it says `more` for a part of what it takes, and what follows does not change
 * what it took.
 */
export function holdsForParts(parse: (bytes: Buffer) => Streamed, bytes: Buffer): void {
  const whole = parse(bytes);
  assert.ok(whole.used === undefined || whole.used > 0, 'it took no byte');
  if (whole.kind === 'more' || whole.used === undefined || whole.used > bytes.length) return;
  assert.deepEqual(parse(bytes.subarray(0, whole.used)), whole, 'what follows changed it');
  const cut = parse(bytes.subarray(0, whole.used - 1));
  assert.ok(cut.kind === 'more', `a part of it is ${cut.kind}`);
}
