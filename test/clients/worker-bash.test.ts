import '../tailnet/inside.ts';
import t from 'tap';
import { hookShells } from '../fakes/hook-world.ts';
import { testWorker } from '../fakes/worker-tests.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';

t.setTimeout(240_000);
testWorker(t, await useTailnet(t), hookShells.bash);
