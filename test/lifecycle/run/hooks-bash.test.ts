import '../../tailnet/inside.ts';
import t from 'tap';
import { testHooks } from '../../fakes/hook-tests.ts';
import { hookShells } from '../../fakes/hook-world.ts';
import { useTailnet } from '../../tailnet/use-tailnet.ts';

t.setTimeout(100_000);
testHooks(t, await useTailnet(t), hookShells.bash);
