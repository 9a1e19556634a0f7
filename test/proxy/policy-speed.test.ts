import t from 'tap';
import { compilePolicy } from '../../src/proxy/policy.ts';
import type { PolicyTarget } from '../../src/proxy/policy.ts';
import type { Peer } from '../../src/proxy/tailnet.ts';

const forms = [
  (n: number) => `h${n}.example.com:443`,
  (n: number) => `*.s${n}.example.org`,
  (n: number) => `10.${n >> 8}.${n & 255}.0/24`,
  (n: number) => `tag:t${n}`,
  (n: number) => `[fd00:${n.toString(16)}::1]:80`,
  (n: number) => `fd00:${n.toString(16)}::/${32 + (n % 90)}`,
  (n: number) => `**:${n + 1}`,
];

const rules = (prefix: string) =>
  Array.from({ length: 1000 }, (_, n) => ({
    text: prefix + (forms[n % forms.length]?.(n) ?? ''),
    place: `rules[${n}]`,
  }));

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

const targets: Record<string, PolicyTarget> = {
  'a public host': {
    host: 'a.b.c.d.example.org',
    ip: '203.0.113.7',
    port: 44_300,
    owner: undefined,
    route: 'direct',
    peer: undefined,
  },
  'a node by IPv6': {
    host: 'db',
    ip: 'fd00:1f::1',
    port: 44_300,
    owner: { kind: 'peer', peer },
    route: 'tailnet',
    peer,
  },
};

/** The fastest of many batches: what it costs when nothing else wants the processor. */
function microseconds(work: () => void): number {
  const batches = Array.from({ length: 200 }, () => {
    const startMs = performance.now();
    for (let run = 0; run < 50; run++) work();
    return (performance.now() - startMs) * 20;
  });
  return Math.min(...batches);
}

for (const [title, target] of Object.entries(targets)) {
  void t.test(`a thousand rules in each list decide on ${title} within 20 µs`, async (t) => {
    const policy = compilePolicy({
      mode: 'enforce',
      allow: rules(''),
      deny: rules('direct:'),
      allowLocal: rules('tailnet:'),
      metadata: 'allow',
    });
    const took = microseconds(() => policy.judge(target));
    t.ok(took < 20, `${took.toFixed(1)} µs`);
    t.comment(`${took.toFixed(1)} µs`);
  });
}
