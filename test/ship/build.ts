/** `node test/ship/build.ts`: builds and fetches the programs of the checks of what is shipped, unless they are cached. */
import { exitWith } from '../tailnet/command.ts';
import { ensureHadolint, ensureTool } from './tools.ts';

await exitWith('ship', async () => {
  for (const name of ['tofu', 'provider', 'actionlint', 'opa'] as const) await ensureTool(name);
  await ensureHadolint();
  return 0;
});
