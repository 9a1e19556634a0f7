import t from 'tap';
import { KnownVerdicts } from '../../../src/proxy/policy/known-verdicts.ts';
import type { RuleTarget } from '../../../src/proxy/policy/rule-index.ts';
import { allowedByDefault } from '../../../src/proxy/policy/verdict.ts';
import { fakePeer } from '../../support/fake-tailnet.ts';

const peer = fakePeer();
const target: RuleTarget = {
  host: 'db',
  ip: '100.64.0.1',
  port: 80,
  owner: { kind: 'peer', peer },
  route: 'tailnet',
  peer,
};

/** How often it was judged when these were asked for one after the other. */
function judged(...targets: RuleTarget[]): number {
  let times = 0;
  const verdicts = new KnownVerdicts((asked: RuleTarget) => {
    times += 1;
    return { ...allowedByDefault(false), reason: `${asked.host} ${asked.port}` };
  });
  for (const asked of targets) {
    const { reason } = verdicts.of(asked);
    if (reason !== `${asked.host} ${asked.port}`) throw new Error(reason);
  }
  return times;
}

void t.test('the same target is judged once, whichever others come between', (t) => {
  const again = { ...target, owner: { kind: 'peer', peer } } as const;
  t.equal(judged(target, again, { ...target, host: 'web' }, again), 2);
  t.end();
});

const renewed = { ...peer };
const others: Record<string, Partial<RuleTarget>> = {
  'another address': { ip: '100.64.0.2' },
  'no address': { ip: undefined },
  'another port': { port: 81 },
  'another route': { route: 'subnet' },
  'no node': { peer: undefined },
  'the node of the next netmap': { peer: renewed },
  'an owner of the next netmap': { owner: { kind: 'peer', peer: renewed } },
  'another kind of owner': {
    owner: { kind: 'subnet', peer, prefix: '10.0.0.0/8', accepted: true },
  },
  'no owner': { owner: undefined },
  'this node': { owner: { kind: 'self' } },
  'another tailnet': { tailnet: 'partner' },
};
for (const [what, different] of Object.entries(others)) {
  void t.test(`${what} is judged anew`, (t) => {
    t.equal(judged(target, { ...target, ...different }, target), 3);
    t.end();
  });
}

void t.test('hosts without end do not cost memory without end', (t) => {
  const many = Array.from({ length: 300 }, (_, at) => ({ ...target, host: `h${at}` }));
  t.equal(judged(...many, ...many.slice(0, 1)), 301, 'the first is forgotten');
  const long = { ...target, host: 'x'.repeat(254) };
  t.equal(judged(long, long), 2, 'one that no DNS name has is not kept');
  t.end();
});
