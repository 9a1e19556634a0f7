import type { Plan } from '../../src/proxy/decide/decide.ts';
import { fakePeer } from './fake-tailnet.ts';

/** A plan to dial web:80 over the tailnet; `changes` make another one of it. */
export function planFor(changes: Partial<Plan> = {}): Plan {
  const ip = changes.ip ?? '100.64.0.7';
  const peer = fakePeer();
  return {
    host: 'web',
    port: 80,
    via: 'tailnet',
    owner: { kind: 'peer', peer },
    peer,
    hop: peer,
    source: 'status',
    verdict: undefined,
    because: '',
    isRouted: true,
    addresses: [ip],
    ...changes,
    ip,
  };
}
