import '../tailnet/inside.ts';
import t from 'tap';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { grpcClient } from './grpc.ts';
import { testClients } from './test-clients.ts';

t.setTimeout(240_000);
await testClients(t, await useTailnet(t), [grpcClient]);
