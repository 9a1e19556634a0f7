import type { RequestRecord } from '../../src/proxy/core/request-record.ts';

/** A request that went well; `changes` make another one of it. */
export function requestRecord(changes: Partial<RequestRecord> = {}): RequestRecord {
  return {
    timeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    id: 'id-1',
    proto: 'connect',
    method: 'CONNECT',
    host: 'db.tail1.ts.net',
    port: 5432,
    nameSource: 'status',
    ip: '100.64.0.7',
    peer: 'db.tail1.ts.net',
    route: 'tailnet',
    policy: { decision: 'allow', rule: null, mode: 'enforce' },
    client: { pid: 42, exe: '/usr/bin/curl', provider: null },
    status: 200,
    error: null,
    detail: null,
    dnsMs: 0.1234,
    dialMs: 3.2,
    totalMs: 12.5,
    bytesUp: 100,
    bytesDown: 2000,
    closeReason: 'client_closed',
    ...changes,
  };
}
