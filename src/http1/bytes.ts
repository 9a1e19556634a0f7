/** Which bytes may stand where in a message, as one table: bytes from outside are looked at one by one, never by a regular expression. */

export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const TAB = 0x09;

/** RFC 9110 5.6.2: methods and names of fields. */
export const TOKEN = 1;
/** A request target: no controls, no whitespace; bytes from 0x80 on are handed on as they are. */
export const TARGET = 2;
/** RFC 9110 5.5: values of fields and reason phrases. */
export const TEXT = 4;

const classes = new Uint8Array(256);

for (let byte = 0x21; byte <= 0xff; byte += 1) {
  if (byte !== 0x7f) classes[byte] = TARGET | TEXT;
}
classes[SPACE] = TEXT;
classes[TAB] = TEXT;
for (const byte of Buffer.from("!#$%&'*+-.^_`|~0123456789")) classes[byte]! |= TOKEN;
for (let letter = 0; letter < 26; letter += 1) {
  classes[0x41 + letter]! |= TOKEN;
  classes[0x61 + letter]! |= TOKEN;
}

export function isOf(kind: number, byte: number | undefined): boolean {
  return byte !== undefined && (classes[byte]! & kind) !== 0;
}

/** Where the bytes of this kind end: the first that is of another, or `to`. */
export function spanOf(kind: number, bytes: Buffer, from: number, to: number): number {
  let at = from;
  while (at < to && (classes[bytes[at]!]! & kind) !== 0) at += 1;
  return at;
}

export function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}
