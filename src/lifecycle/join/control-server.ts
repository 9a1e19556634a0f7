/** What keeps tailscaled from its control server, as its log tells it: `tailscale up` itself says nothing of it. */
import { SpacetailError } from '../../errors.ts';

export interface Trouble {
  /** The control server as tailscaled names it: its origin, or its name alone. */
  readonly server: string;
  readonly reason: string;
}

/** control/controlclient/auto.go; net/dnsfallback */
const notReached = /Received error: [^"]*"(https?:\/\/[^/"]+)[^"]*": (.+)$/;
const notFound = /bootstrapDNS\(.*\) for "([^"]+)" error/;

/** @returns `undefined` for a line that tells of none */
export function troubleIn(line: string): Trouble | undefined {
  const [, server, reason = ''] = notReached.exec(line) ?? [];
  if (server !== undefined) {
    const dialled = /^dial \w+ (\S+): (?:connect: )?(.+)$/.exec(reason);
    return { server, reason: dialled === null ? reason : `${dialled[2]} (${dialled[1]})` };
  }
  const name = notFound.exec(line)?.[1];
  return name === undefined ? undefined : { server: name, reason: 'its name does not resolve' };
}

/** No waiting makes a certificate right. */
export function isAboutCertificate({ reason }: Trouble): boolean {
  return reason.includes('x509:');
}

export function notReachedText({ server, reason }: Trouble): string {
  return `the control server ${server} is not reached: ${reason}`;
}

/** @throws nothing: the error to end the join with */
export function wrongCertificate({ server, reason }: Trouble): SpacetailError {
  return new SpacetailError(
    'login_failed',
    `the certificate of the control server ${server} is not accepted: ${reason.replace(/^.*x509: /, '')}`,
    { hint: certificateHint },
  );
}

export const certificateHint =
  'Set SSL_CERT_FILE to the CA that signed it; where it has expired, it or the clock of this machine is to be set right.';

/** Lines that tell why something failed, not that it is being shut down. */
export function tellingLines(lines: readonly string[]): string[] {
  const isTelling = (line: string): boolean =>
    /\b(?:error|fail(?:ed|ure)?|fatal|panic|refused|denied|invalid|expired|unable|cannot)\b/i.test(
      line,
    ) && !/health\(warnable|\bTPM\b|tstun:|Shutdown|shutdown|logger closing/.test(line);
  return lines.filter(isTelling);
}
