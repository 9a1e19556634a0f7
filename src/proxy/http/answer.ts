/** A failure as the answer of a ServerResponse. */
import type { ServerResponse } from 'node:http';
import type { Failure } from '../core/failure.ts';
import { answerOf, closesConnection } from '../core/failure.ts';
import { valuesOf } from './headers.ts';

/** Does nothing where the client is gone or has its answer. */
export function answer(response: ServerResponse, failed: Failure): void {
  if (response.headersSent || response.destroyed) return;
  const { status, fields, body } = answerOf(failed);
  // A client that waits for a 100 may or may not send its body now: the next request could not be told from it.
  const isWaiting = valuesOf(response.req.rawHeaders, 'expect').length > 0;
  const closing = closesConnection(failed) || isWaiting ? ['Connection', 'close'] : [];
  response.sendDate = true;
  response.writeHead(status, [...fields, ...closing]);
  response.end(body);
}
