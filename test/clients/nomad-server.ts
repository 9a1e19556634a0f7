/** A real Nomad agent, server and client in one, whose API is on the node. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Stage } from './client.ts';
import { portForService, startService } from './services.ts';

/**
 * The agent advertises the node's name: Nomad's clients ask the machine that runs an allocation for its log, and would
 * find it on this machine's loopback without the tailnet.
 *
 * @returns the API's URL, for NOMAD_ADDR
 */
export async function startNomad(
  stage: Pick<Stage, 'teardown' | 'facts' | 'host' | 'open' | 'folder'> & {
    readonly parts: Pick<Stage['parts'], 'nomad'>;
  },
  isTls: boolean,
): Promise<string> {
  const folder = join(stage.folder, isTls ? 'nomad-tls' : 'nomad');
  mkdirSync(folder);
  const { caFile, certFile, keyFile } = stage.facts;
  const ports = {
    http: await portForService(),
    rpc: await portForService(),
    serf: await portForService(),
  };
  const address = `${stage.host}:${await stage.open(ports.http)}`;
  const settings = {
    advertise: { http: address },
    bind_addr: '127.0.0.1',
    ports,
    disable_update_check: true,
    plugin: [{ raw_exec: { config: { enabled: true, no_cgroups: true } } }],
    ...(isTls && {
      tls: { http: true, ca_file: caFile, cert_file: certFile, key_file: keyFile },
    }),
  };
  writeFileSync(join(folder, 'agent.json'), JSON.stringify(settings));
  // As root, Nomad gives its folders to `nobody`. Where root is an ordinary user outside, there is no uid but root's.
  writeFileSync(join(folder, 'passwd'), 'root:x:0:0::/:/bin/sh\nnobody:x:0:0::/:/bin/sh\n');
  const script = 'mount --bind "$0/passwd" /etc/passwd && exec "$@"';
  const agentCommand = [stage.parts.nomad, 'agent', '-dev', '-config', join(folder, 'agent.json')];
  const env = { HOME: folder, TMPDIR: folder };
  const agent = startService(
    stage,
    ['unshare', '--mount', 'sh', '-c', script, folder, ...agentCommand],
    { env },
  );
  await agent.printed(/node registration complete/i);
  return `${isTls ? 'https' : 'http'}://${address}`;
}

/** A job that says hello and goes on talking until it is stopped. In the API's form. */
export function talkingJob(id: string): Readonly<Record<string, unknown>> {
  const talk = 'echo hello; while :; do echo still there; sleep 0.2; done';
  const task = {
    Name: 'talk',
    Driver: 'raw_exec',
    Config: { command: '/bin/sh', args: ['-c', talk] },
    Resources: { CPU: 20, MemoryMB: 20 },
  };
  return {
    ID: id,
    Name: id,
    Type: 'batch',
    Datacenters: ['dc1'],
    TaskGroups: [{ Name: 'group', Count: 1, Tasks: [task] }],
  };
}
