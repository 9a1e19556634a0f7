import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { TailnetFacts } from '../facts.ts';
import {
  ADDRESS,
  CERTIFICATE_IPS,
  CERTIFICATE_NAMES,
  PRIVATE_RECORDS,
  PUBLIC_RECORDS,
  RESOLVERS,
} from '../world.ts';
import { makeCertificate } from './certificate.ts';
import { startDnsServer, type DnsRecords, type DnsServer } from './dns.ts';
import { makeGitRepository } from './git.ts';
import { startOrigin, type Origin } from './origin.ts';

export interface Servers {
  readonly tailnet: Origin;
  readonly subnet: Origin;
  readonly internet: Origin;
  readonly namesake: Origin;
  /** The resolver of /etc/resolv.conf. Change `records` to change its answers. */
  readonly system: DnsServer;
  /** The split resolver reached at the node `web`; a second tailnet in a namespace has none. */
  readonly overNode: DnsServer | undefined;
  /** The split resolver reached through the subnet router. */
  readonly overSubnet: DnsServer;
  readonly facts: Pick<
    TailnetFacts,
    | 'caFile'
    | 'certFile'
    | 'keyFile'
    | 'tailnetOrigin'
    | 'subnetOrigin'
    | 'internetOrigin'
    | 'namesakeOrigin'
    | 'systemDns'
    | 'privateDns'
  >;
  close(): void;
}

/** Starts all origins and resolvers of a tailnet in this process. */
export async function startServers(folder: string): Promise<Servers> {
  const running: { close(): void }[] = [];
  const keep = <T extends { close(): void }>(server: T): T => {
    running.push(server);
    return server;
  };
  const close = (): void => {
    for (const server of running.splice(0)) server.close();
  };
  try {
    const certificate = makeCertificate(folder, CERTIFICATE_NAMES, CERTIFICATE_IPS);
    const gitRoot = join(folder, 'git');
    mkdirSync(gitRoot);
    makeGitRepository(gitRoot);
    const origin = async (name: string, ...addresses: string[]): Promise<Origin> =>
      keep(await startOrigin({ name, addresses, certificate, gitRoot }));
    const tailnet = await origin('tailnet', '127.0.0.1', '::1');
    const subnet = await origin('subnet', ADDRESS.subnet);
    const internet = await origin('internet', ADDRESS.internet);
    const namesake = await origin('namesake', ADDRESS.namesake);
    const resolver = async (
      name: string,
      addresses: readonly string[],
      records: DnsRecords,
    ): Promise<DnsServer> => {
      const questionLog = join(folder, `${name}.questions`);
      const udp = name === 'system';
      return keep(await startDnsServer({ addresses, records, questionLog, udp }));
    };
    const system = await resolver('system', RESOLVERS.system, { ...PUBLIC_RECORDS });
    const overSubnet = await resolver('over-subnet', RESOLVERS.overSubnet, { ...PRIVATE_RECORDS });
    const overNode = await resolver('over-node', RESOLVERS.overNode, { ...PRIVATE_RECORDS }).catch(
      () => undefined,
    );
    const privateLogs = [overSubnet, overNode].flatMap((server) => server?.questionLog ?? []);
    const facts: Servers['facts'] = {
      ...certificate,
      tailnetOrigin: ports(tailnet),
      subnetOrigin: { address: ADDRESS.subnet, ...ports(subnet) },
      internetOrigin: { address: ADDRESS.internet, ...ports(internet) },
      namesakeOrigin: { address: ADDRESS.namesake, ...ports(namesake) },
      systemDns: { address: system.address, questionLog: system.questionLog },
      privateDns: { questionLogs: privateLogs },
    };
    return { tailnet, subnet, internet, namesake, system, overNode, overSubnet, facts, close };
  } catch (error) {
    close();
    throw error;
  }
}

function ports({ http, https, echo }: Origin): { http: number; https: number; echo: number } {
  return { http, https, echo };
}
