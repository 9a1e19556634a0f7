import '../tailnet/inside.ts';
import t from 'tap';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { testClients } from './test-clients.ts';
import { tofuClients } from './tofu.ts';

t.setTimeout(240_000);
await testClients(t, await useTailnet(t), tofuClients);
