/** `make bench`: prints each part's figures, the peers in turn. Inside the namespace of test/tailnet/enter.ts. */
import '../tailnet/inside.ts';
import { using } from '../support/using.ts';
import { startTailnet } from '../tailnet/tailnet.ts';
import { benchPolicy } from './policy.ts';
import { benchUp } from './up.ts';

const rounds = Number(process.env['ROUNDS'] ?? 5);
const report = (line: string): void => console.error(`tailnet: ${line}`);
await using(await startTailnet({ report }), async (tailnet) => {
  await benchUp(tailnet, rounds);
  await benchPolicy(rounds);
  await import('./index.ts');
});
