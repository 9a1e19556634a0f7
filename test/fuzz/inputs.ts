/** Inputs near to those of the corpus: cut, doubled, with odd bytes or words of the grammar put in; and plain noise. */
import * as fc from 'fast-check';

type Edit = (bytes: Buffer) => Buffer;

const place = fc.double({ min: 0, max: 1, noNaN: true });
const splice = (bytes: Buffer, from: number, to: number, put: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(to)]);
const at = (bytes: Buffer, share: number): number => Math.floor(share * (bytes.length + 1));

export function inputsOf(
  corpus: readonly Buffer[],
  words: readonly string[],
): fc.Arbitrary<Buffer> {
  const put: fc.Arbitrary<Uint8Array> = fc.oneof(
    fc.constantFrom(...words).map((word) => Buffer.from(word, 'utf8')),
    fc.uint8Array({ minLength: 1, maxLength: 4 }),
    fc.constantFrom(...corpus),
  );
  const edit: fc.Arbitrary<Edit> = fc.oneof(
    fc.tuple(place, put).map(([share, more]): Edit => (bytes) => {
      return splice(bytes, at(bytes, share), at(bytes, share), more);
    }),
    fc.tuple(place, fc.integer({ min: 1, max: 16 })).map(([share, length]): Edit => (bytes) => {
      return splice(bytes, at(bytes, share), at(bytes, share) + length, Buffer.alloc(0));
    }),
    fc.tuple(place, fc.integer({ min: 0, max: 255 })).map(([share, value]): Edit => (bytes) => {
      return splice(bytes, at(bytes, share), at(bytes, share) + 1, Buffer.from([value]));
    }),
    fc
      .tuple(place, place, fc.integer({ min: 2, max: 40 }))
      .map(([from, to, times]): Edit => (bytes) => {
        const [start, end] = [at(bytes, Math.min(from, to)), at(bytes, Math.max(from, to))];
        const part = bytes.subarray(start, Math.min(end, start + 64));
        return splice(
          bytes,
          start,
          start,
          Buffer.concat(Array.from({ length: times }, () => part)),
        );
      }),
  );
  return fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.constantFrom(...corpus), fc.array(edit, { minLength: 1, maxLength: 6 }))
        .map(([seed, edits]) => {
          let bytes = seed;
          for (const apply of edits) bytes = apply(bytes).subarray(0, 4096);
          return bytes;
        }),
    },
  );
}
