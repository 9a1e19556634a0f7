/** RFC 9110 7.6.2: TRACE and OPTIONS that may not go further are answered here, as by their final recipient. */
import { valuesOf } from '../../http1/fields.ts';
import type { RequestHead } from '../../http1/head.ts';
import { formatResponseHead } from '../../http1/write.ts';

/** The answer, or `undefined` for a request that goes on. */
export function finalAnswer({
  method,
  fields,
}: RequestHead): { readonly status: number; readonly bytes: Buffer } | undefined {
  if (method !== 'TRACE' && method !== 'OPTIONS') return undefined;
  if (!/^0+$/u.test(valuesOf(fields, 'max-forwards')[0] ?? '')) return undefined;
  if (method === 'OPTIONS')
    return { status: 204, bytes: formatResponseHead(204, 'No Content', []) };
  // A TRACE would give fields back that a script in a browser may not see.
  const refusal = ['Allow', 'OPTIONS', 'Content-Length', '0'];
  return { status: 405, bytes: formatResponseHead(405, 'Method Not Allowed', refusal) };
}
