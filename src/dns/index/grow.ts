/** Typed arrays that grow by doubling; their content moves to another thread without a copy. */

type Column =
  | Uint8Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** The same column with room for at least `length` elements. */
export function withRoom<T extends Column>(column: T, length: number): T {
  if (length <= column.length) return column;
  const grown = new (column.constructor as new (length: number) => T)(
    Math.max(length, column.length * 2, 64),
  );
  grown.set(column);
  return grown;
}

/** A column cut to what is used, in a buffer of its own. */
export function trimmed<T extends Column>(column: T, length: number): T {
  return column.slice(0, length) as T;
}
