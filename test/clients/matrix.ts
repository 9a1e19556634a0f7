/** All clients, in the order of the table. */
import type { Client } from './client.ts';
import { grpcClient } from './grpc.ts';
import { httpClients } from './http.ts';
import { javaClient } from './java.ts';
import { nodeClients } from './node.ts';
import { pythonClients } from './python.ts';

export const clients: readonly Client[] = [
  ...httpClients,
  grpcClient,
  ...pythonClients,
  ...nodeClients,
  javaClient,
];
