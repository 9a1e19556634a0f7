/** The certificates that our own TLS trusts: Node's, and those that OpenSSL's and Go's programs here trust too. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

type Environment = Readonly<Record<string, string | undefined>>;

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // As tailscaled does: what cannot be read trusts nobody.
    return '';
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/**
 * Adds what SSL_CERT_FILE and SSL_CERT_DIR (folders with `:` between) hold to what this process trusts. Node itself
 * reads NODE_EXTRA_CA_CERTS and NODE_USE_SYSTEM_CA.
 */
export function trustCertificateFiles(env: Environment): void {
  const [file = '', folders = ''] = [env['SSL_CERT_FILE'], env['SSL_CERT_DIR']];
  const paths = [
    file,
    ...folders
      .split(':')
      .filter((folder) => folder !== '')
      .flatMap(filesIn),
  ];
  const added = paths
    .filter((path) => path !== '')
    .flatMap((path) => readQuietly(path).match(certificate) ?? []);
  if (added.length > 0) setDefaultCACertificates([...getCACertificates('default'), ...added]);
}

const certificate = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
