import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  /** The CA's certificate, for a client's trust (`curl --cacert`, NODE_EXTRA_CA_CERTS). */
  caFile: string;
  certFile: string;
  keyFile: string;
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** A certificate for `web` of this key that no CA has signed. @returns its file */
export function selfSign(folder: string, keyFile: string): string {
  const file = join(folder, 'self-signed.pem');
  openssl('req', '-x509', '-key', keyFile, '-out', file, '-days', '1', '-subj', '/CN=web');
  return file;
}

/**
 * A CA of this run's own and a server certificate for the given names and addresses, made by the
 * openssl command. Both are valid for a day.
 *
 * @throws Error when openssl is missing or refuses.
 */
export function makeCertificate(folder: string, names: string[], ips: string[]): Certificate {
  const at = (name: string): string => join(folder, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const ca = ['-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '1'];
  openssl('req', '-x509', ...newKey, ...ca, '-subj', '/CN=spacetail test CA');
  const request = ['-keyout', at('server.key'), '-out', at('server.csr')];
  openssl('req', '-new', ...newKey, ...request, '-subj', '/CN=spacetail test server');
  const subjects = [...names.map((name) => `DNS:${name}`), ...ips.map((ip) => `IP:${ip}`)];
  writeFileSync(at('server.ext'), `subjectAltName=${subjects.join(',')}\n`);
  const signing = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '1'];
  const files = ['-in', at('server.csr'), '-out', at('server.pem'), '-extfile', at('server.ext')];
  openssl('x509', '-req', ...signing, ...files);
  return { caFile: at('ca.pem'), certFile: at('server.pem'), keyFile: at('server.key') };
}
