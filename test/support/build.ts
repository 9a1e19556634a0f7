/** `node test/support/build.ts`: builds the tests' own programs in Go (standard library only), unless they are cached. */
import { buildLoad } from '../bench/load.ts';
import { buildGoClient } from '../demo/go-client.ts';
import { exitWith } from '../tailnet/command.ts';
import { buildRelay } from '../tailnet/far-side.ts';

await exitWith('tests', async () => {
  await buildGoClient();
  await buildRelay();
  await buildLoad();
  return 0;
});
