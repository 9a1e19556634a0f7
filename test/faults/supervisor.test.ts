import '../tailnet/inside.ts';
import t from 'tap';
import { spacetailFor } from '../integration/spacetail.ts';
import { waitFor } from '../support/wait-for.ts';
import { commandLines } from '../tailnet/processes.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { afterwards, supervisorPid, weighBefore } from './afterwards.ts';
import { startFaultsOrigin } from './origin.ts';
import { doors, transfer } from './transfer.ts';

t.setTimeout(200_000);
const tailnet = await useTailnet(t);
const origin = await startFaultsOrigin();
t.teardown(() => origin.close());
const target = { host: 'web', port: origin.http };

void t.test(
  'the supervisor killed amid transfers: none looks complete, `up` works again',
  async (t) => {
    const spacetail = await spacetailFor(t, tailnet.facts);
    await spacetail.up();
    const before = await weighBefore(spacetail, target);
    const started = doors.map((door) => {
      const begun = Promise.withResolvers<void>();
      const wanted = {
        ...target,
        door,
        direction: 'down',
        bytes: 6_400_000,
        everyMs: 200,
      } as const;
      const outcome = transfer(spacetail, { ...wanted, onBytes: () => begun.resolve() });
      return { outcome, begun: Promise.race([begun.promise, outcome]) };
    });
    await Promise.all(started.map(({ begun }) => begun));
    process.kill(supervisorPid(spacetail), 'SIGKILL');
    for (const { outcome } of started) t.equal((await outcome).kind, 'broken');
    await waitFor(() => !commandLines().some((line) => line.includes(spacetail.runtimeDir)), {
      what: 'the end of tailscaled',
    });
    await spacetail.up();
    await afterwards(t, spacetail, target, before);
    t.equal((await spacetail.cli(['down', '--strict'])).code, 0);
  },
);
