/**
 * SPACETAIL_TEST_IDLE=1: every run of the tests joins a second tailnet that nothing is asked of. Whatever a test
 * says of a run with one tailnet holds beside it; `scripts/beside-idle.ts` names the files.
 */
import { type IdleTailnet, startIdleTailnet } from '../tailnet/idle.ts';

export const isBesideIdle = process.env['SPACETAIL_TEST_IDLE'] === '1';

let started: Promise<IdleTailnet> | undefined;

/** One for all runs of a test file; it ends after them. */
async function startForFile(): Promise<IdleTailnet> {
  // Not above: programs that are no tests start runs too, and tap would end them after its 30 s.
  const { default: t } = await import('tap');
  const idle = await startIdleTailnet();
  t.teardown(() => idle.stop());
  return idle;
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
  const { loginServer, authKey } = await (started ??= startForFile());
  return {
    more: {
      SPACETAIL_TAILNETS: 'main,idle',
      TS_AUTHKEY_IDLE: authKey,
      TS_EXTRA_ARGS_IDLE: `--login-server=${loginServer}`,
    },
    named: namedMain,
  };
}
