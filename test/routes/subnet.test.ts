import t from 'tap';
import { table } from './table.ts';
import { unitWays } from './unit-ways.ts';
import { runTable } from './wire-case.ts';

await runTable(t, table, 'subnet', unitWays(t, 'subnet'));
