import { within } from '../../async.ts';
import type { ClientProcess } from '../core/request-record.ts';

/** How long one waits for the client's process; the table of processes may be long. */
const LOOKUP_MS = 2000;

/** The client, or `null` where it is not known in time. Never rejects. */
export async function clientInTime(
  asked: Promise<ClientProcess | null>,
  timeoutMs = LOOKUP_MS,
): Promise<ClientProcess | null> {
  try {
    return (await within(timeoutMs, asked)) ?? null;
  } catch {
    return null;
  }
}
