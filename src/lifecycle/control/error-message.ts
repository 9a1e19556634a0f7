import { catalogue, type ErrorCode, messageOf, SpacetailError } from '../../errors.ts';

/** A SpacetailError as it crosses a socket between two of our processes. */
export interface ErrorMessage {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

export function toErrorMessage(error: unknown): ErrorMessage {
  if (error instanceof SpacetailError) {
    return { code: error.code, message: error.message, hint: error.hint };
  }
  return { code: 'internal', message: messageOf(error), hint: catalogue.internal.hint };
}

export function fromErrorMessage(message: ErrorMessage): SpacetailError {
  const code = Object.hasOwn(catalogue, message.code) ? (message.code as ErrorCode) : 'internal';
  return new SpacetailError(code, message.message, { hint: message.hint });
}
