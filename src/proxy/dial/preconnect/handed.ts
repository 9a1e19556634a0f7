/** A spare connection in the hands of a request. */
import type { Line } from '../line.ts';

/** Whoever carries bytes on it says how it went. */
export interface Handed {
  readonly line: Line;
  /** It stood already; otherwise its dial was under way, and the request waited for the rest of it. */
  readonly wasReady: boolean;
  /** The client's first byte was written to it, or its connection ended. */
  used(): void;
  /** The origin ended it before that: it is closed. */
  died(): void;
  /** The origin's bytes came before the client's. */
  spokeFirst(): void;
}
