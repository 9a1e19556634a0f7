/** All clients, in the order of the table. */
import type { Client } from './client.ts';
import { grpcClient } from './grpc.ts';
import { httpClients } from './http.ts';
import { javaClient } from './java.ts';
import { nodeClients } from './node.ts';
import { postgresClient } from './postgres.ts';
import { nomadClients } from './nomad.ts';
import { pulumiClient } from './pulumi.ts';
import { pythonClients } from './python.ts';
import { ansibleClient, sshClient } from './ssh.ts';
import { tofuClients } from './tofu.ts';

export const clients: readonly Client[] = [
  ...httpClients,
  grpcClient,
  ...pythonClients,
  ...nodeClients,
  ...tofuClients,
  ...nomadClients,
  pulumiClient,
  sshClient,
  ansibleClient,
  postgresClient,
  javaClient,
];
