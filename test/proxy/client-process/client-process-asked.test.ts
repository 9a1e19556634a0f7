/** The same, where the kernel can be asked for one socket (decision 0015). */
import t from 'tap';
import { openSocketDiag } from '../../../src/proxy/socket-tables/socket-diag.ts';

t.strictSame(await openSocketDiag(), { isOpen: true });
await import('./client-process.test.ts');
