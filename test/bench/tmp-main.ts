import { costOfRequests } from './tmp-cost.ts';
for (const d of (process.env['DOORS'] ?? 'connect').split(',') as any) { const c = await costOfRequests(d, 6); const m = (x: readonly number[]) => x.toSorted((a, b) => a - b)[3]!.toFixed(0); console.log(process.env['PARTS'], d, 'bare', m(c.bareUs), 'whole', m(c.wholeUs), 'share', c.shares.map((s) => s.toFixed(0)).join(' ')); }
