/** `node test/clients/build.ts`: builds and fetches what the clients of `make test` are made from, unless it is cached. */
import { exitWith } from '../tailnet/command.ts';
import { clients } from './matrix.ts';
import { jobParts } from './nomad.ts';
import { ensureParts } from './parts.ts';

await exitWith('clients', async () => {
  const quick = clients.flatMap(({ isSlow, parts = [] }) => (isSlow ? [] : parts));
  await ensureParts([...quick, ...jobParts]);
  return 0;
});
