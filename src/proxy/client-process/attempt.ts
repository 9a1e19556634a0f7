/** `undefined` where it fails: processes end at any time, and some may not be looked into. */
export function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
