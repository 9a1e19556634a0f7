/** `make bench`: prints each part's figures, the peers in turn. Inside the namespace of test/tailnet/enter.ts. */
import '../tailnet/inside.ts';
import { startTailnet } from '../tailnet/tailnet.ts';
import { benchPolicy } from './policy.ts';
import { benchUp } from './up.ts';

const rounds = Number(process.env['ROUNDS'] ?? 5);
await using tailnet = await startTailnet({ report: (line) => console.error(`tailnet: ${line}`) });
await benchUp(tailnet, rounds);
await benchPolicy(rounds);
await import('./index.ts');
