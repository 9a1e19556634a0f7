/** RFC 9110 7.6.2: TRACE and OPTIONS that may not go further are answered here, as by their final recipient. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { valuesOf } from '../http/headers.ts';

/** Answers and gives the status, or `undefined` for a request that goes on. */
export function answerFinal(
  request: IncomingMessage,
  response: ServerResponse,
): number | undefined {
  const { method = '', rawHeaders } = request;
  if (method !== 'TRACE' && method !== 'OPTIONS') return undefined;
  if (!/^0+$/u.test(valuesOf(rawHeaders, 'max-forwards')[0] ?? '')) return undefined;
  // A TRACE would give fields back that a script in a browser may not see.
  const status = method === 'OPTIONS' ? 204 : 405;
  response.writeHead(status, method === 'OPTIONS' ? {} : { Allow: 'OPTIONS' });
  response.end();
  return status;
}
