import '../tailnet/inside.ts'; // first
import t from 'tap';
import { spacetailFor } from '../integration/spacetail.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { realWay } from './real-way.ts';
import { table } from './table.ts';
import { runTable } from './wire-case.ts';

t.setTimeout(300_000);
const { facts } = await useTailnet(t);
const spacetail = await spacetailFor(t, facts);
await spacetail.up();
await runTable(t, table, 'real tailnet', () => realWay(spacetail));
