/**
 * SPACETAIL_TEST_IDLE=1: every run of the tests joins a second tailnet that nothing is asked of. Whatever a test
 * says of a run with one tailnet holds beside it; `scripts/beside-idle.ts` names the files.
 */
import t from 'tap';
import { type IdleTailnet, startIdleTailnet } from '../tailnet/idle.ts';

export const isBesideIdle = process.env['SPACETAIL_TEST_IDLE'] === '1';

let started: Promise<IdleTailnet> | undefined;

/** One for all runs of a test file; it ends after them. */
function idleTailnet(): Promise<IdleTailnet> {
  if (started === undefined) {
    started = startIdleTailnet();
    t.teardown(async () => (await started)?.stop());
  }
  return started;
}

/** The variables that belong to one tailnet, and so may carry a name (docs/several-tailnets.md). */
const ofTailnet = /^TS_(?!DEBUG_)/;

type Named = <Value>(variables: Readonly<Record<string, Value>>) => Record<string, Value>;

const namedMain: Named = (variables) =>
  Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      ofTailnet.test(name) ? `${name}_MAIN` : name,
      value,
    ]),
  );

export interface Beside {
  /** What a run's environment has besides. */
  readonly more: Record<string, string>;
  /** A test's variables as the first tailnet's. */
  readonly named: Named;
}

export async function besideIdle(): Promise<Beside> {
  if (!isBesideIdle) return { more: {}, named: (variables) => ({ ...variables }) };
  const { loginServer, authKey } = await idleTailnet();
  return {
    more: {
      SPACETAIL_TAILNETS: 'main,idle',
      TS_AUTHKEY_IDLE: authKey,
      TS_EXTRA_ARGS_IDLE: `--login-server=${loginServer}`,
    },
    named: namedMain,
  };
}
