import { compilePolicy } from '../../../src/proxy/policy/policy.ts';
import type { PolicyTarget } from '../../../src/proxy/policy/policy.ts';
import type { Peer } from '../../../src/tailnet.ts';
import { manyRules } from '../many-rules.ts';

const peer: Peer = {
  name: 'db.tail1.ts.net',
  shortName: 'db',
  names: ['db', 'db.tail1.ts.net', 'postgres.internal'],
  addresses: ['100.64.0.7'],
  tags: ['tag:a', 'tag:b', 'tag:c'],
  online: true,
  keyExpired: false,
  lastSeenMs: undefined,
};

const targets: readonly [what: string, target: PolicyTarget][] = [
  [
    'on a public host',
    {
      host: 'a.b.c.d.example.org',
      ip: '203.0.113.7',
      port: 44_300,
      owner: undefined,
      route: 'direct',
      peer: undefined,
    },
  ],
  [
    'on a node by IPv6',
    {
      host: 'db',
      ip: 'fd00:1f::1',
      port: 44_300,
      owner: { kind: 'peer', peer },
      route: 'tailnet',
      peer,
    },
  ],
];

/** Microseconds of a decision against three lists of 1,000 rules, by batches of 1,000, for each target. */
export function deciding(): [what: string, microseconds: number[]][] {
  const policy = compilePolicy({
    mode: 'enforce',
    allow: manyRules(''),
    deny: manyRules('direct:'),
    allowLocal: manyRules('tailnet:'),
    metadata: 'allow',
  });
  return targets.map(([what, target]) => {
    // None that was judged just before, whose verdict is known.
    const ports = [target, { ...target, port: target.port + 1 }];
    const batch = (): number => {
      const startMs = performance.now();
      for (let count = 0; count < 500; count += 1) for (const one of ports) policy.judge(one);
      return performance.now() - startMs;
    };
    for (let warm = 0; warm < 10; warm += 1) batch();
    return [what, Array.from({ length: 30 }, batch)];
  });
}
