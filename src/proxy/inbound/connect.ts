/** CONNECT: a tunnel to the authority of the request (RFC 9110 9.3.6). */
import { requestFraming } from '../../http1/framing.ts';
import type { RequestHead } from '../../http1/head.ts';
import { valuesOf } from '../../http1/fields.ts';
import { parseAuthority } from '../core/authority.ts';
import type { Failure } from '../core/failure.ts';
import { answerAndClose } from '../http/answer-failure.ts';
import type { ClientConnection } from './client-connection.ts';
import { tokenProblem } from './forward.ts';
import type { HandlerContext } from './handler.ts';
import { openTunnel } from './open-tunnel.ts';
import { admit } from './preamble.ts';

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

export async function handleConnect(
  head: RequestHead,
  { socket, reader }: ClientConnection,
  context: HandlerContext,
): Promise<void> {
  const refuse = (failed: Failure): void => answerAndClose(socket, failed, { saysWhy: true });
  const admission = await admit(
    {
      socket,
      proto: 'connect',
      method: head.method,
      tokenProblem: () => tokenProblem(head, context),
      framingProblem: () => contentProblem(head),
      target: () => parseAuthority(head.target, context.exchanges.hasTailnets),
      hint: 'Send CONNECT host:port.',
    },
    context,
  );
  if (admission.kind === 'refused') refuse(admission.failure);
  if (admission.kind !== 'admitted') return;
  const { exchange } = admission;
  await openTunnel({ exchange, reader, established: ESTABLISHED, refuse }, context);
}

/** A CONNECT has no content (RFC 9110 9.3.6): what follows the head is the tunnel's, so no length may say otherwise. */
function contentProblem(head: RequestHead): string | undefined {
  const framing = requestFraming(head);
  if (framing.kind === 'ambiguous') return framing.detail;
  if (framing.kind !== 'none') return 'a CONNECT has no content';
  return valuesOf(head.fields, 'host').length > 1 ? 'more than one Host field' : undefined;
}
