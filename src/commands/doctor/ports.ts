import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config, ListenAddress } from '../../config.ts';
import { messageOf } from '../../errors.ts';
import type { StatusDocument } from '../../serve/status.ts';
import { failure, type Finding, ok } from './check.ts';
import { holderOf } from './listening-sockets.ts';

/** Whether both listeners could be bound, or are bound by our own supervisor. */
export async function checkPorts(
  config: Config,
  status: StatusDocument | undefined,
): Promise<Finding[]> {
  const findings = [
    await checkPort('HTTP port', 'SPACETAIL_HTTP_LISTEN', config.http, status?.listeners.http),
  ];
  if (config.socks5 !== undefined) {
    findings.push(
      await checkPort(
        'SOCKS5 port',
        'SPACETAIL_SOCKS5_LISTEN',
        config.socks5,
        status?.listeners.socks5,
      ),
    );
  }
  return findings;
}

async function checkPort(
  name: string,
  variable: string,
  listen: ListenAddress,
  bound: string | null | undefined,
): Promise<Finding> {
  if (bound != null) return ok(name, `${bound} is ours`);
  const where = `${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`;
  const server = createServer();
  try {
    server.listen({ host: listen.host, port: listen.port, exclusive: true });
    await once(server, 'listening');
    return ok(name, listen.port === 0 ? 'any free port' : `${where} is free`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
      return failure(
        name,
        `${where} cannot be bound: ${messageOf(error)}`,
        `Set ${variable} to an address of this container.`,
      );
    }
    const holder = await holderOf(listen.port);
    return failure(
      name,
      `${where} is taken by ${holder}`,
      `Stop it, or set ${variable} to another port.`,
    );
  } finally {
    server.close();
  }
}
