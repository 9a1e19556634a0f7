import t from 'tap';
import { table } from './table.ts';
import { unitWay } from './unit-ways.ts';
import { runTable } from './wire-case.ts';

await runTable(t, table, 'upstream proxy', (t) => unitWay(t, 'upstream proxy'));
