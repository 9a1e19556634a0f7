import '../tailnet/inside.ts';
import t from 'tap';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { sshClient } from './ssh.ts';
import { testClients } from './test-clients.ts';

t.setTimeout(120_000);
await testClients(t, await useTailnet(t), [sshClient]);
