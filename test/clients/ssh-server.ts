/** A real sshd on the node, and a client's configuration for it. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exec } from '../ship/exec.ts';
import type { Stage } from './client.ts';
import { asOrdinaryUser, ordinaryUser } from './ordinary-user.ts';
import { portForService, startService } from './services.ts';

export interface SshServer {
  /** Of the node. */
  readonly port: number;
  readonly keyFile: string;
  readonly knownHosts: string;
  /** For `ssh -F`: the node by its own name, through `spacetail nc`. */
  readonly config: string;
}

export async function startSshServer(stage: Stage): Promise<SshServer> {
  const folder = join(stage.folder, 'sshd');
  mkdirSync(folder, { mode: 0o700 });
  const at = (name: string): string => join(folder, name);
  for (const name of ['host', 'user'])
    await exec('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', at(name)]);
  const servicePort = await portForService();
  const settings = {
    ListenAddress: '127.0.0.1',
    Port: servicePort,
    HostKey: at('host'),
    AuthorizedKeysFile: at('user.pub'),
    PidFile: 'none',
    StrictModes: 'no',
    Subsystem: 'sftp internal-sftp',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`);
  writeFileSync(at('sshd_config'), lines.join(''));
  // sshd starts itself anew for each connection, by its absolute path.
  const command = ['/usr/sbin/sshd', '-D', '-e', '-f', at('sshd_config')] as const;
  const service = startService(stage, asOrdinaryUser(folder, command));
  await service.printed(/Server listening/);
  const port = await stage.open(servicePort);
  const hostKey = (await exec('cat', [at('host.pub')])).split(' ').slice(0, 2).join(' ');
  writeFileSync(at('known_hosts'), `[${stage.host}]:${port} ${hostKey}\n`);
  writeFileSync(
    at('config'),
    `Host ${stage.host}
  Port ${port}
  User ${ordinaryUser}
  IdentityFile ${at('user')}
  UserKnownHostsFile ${at('known_hosts')}
  BatchMode yes
  ProxyCommand spacetail nc %h %p
`,
  );
  chmodSync(at('config'), 0o600);
  return { port, keyFile: at('user'), knownHosts: at('known_hosts'), config: at('config') };
}
