import type { RunRequest } from '../../src/report/run-request.ts';

/** A request as the report is told of it, when all went well; `changes` are laid over it. */
export function runRequest(changes: Partial<RunRequest> = {}): RunRequest {
  return {
    timeMs: 1_800_000_000_000,
    id: 'r1',
    proto: 'http',
    method: 'GET',
    host: 'web.tail1234.ts.net',
    port: 80,
    ip: '100.64.0.3',
    peer: 'web.tail1234.ts.net',
    route: 'tailnet',
    policy: { decision: 'allow', rule: null, mode: 'enforce' },
    client: null,
    status: 200,
    error: null,
    detail: null,
    dnsMs: 1,
    dialMs: 5,
    totalMs: 20,
    bytesUp: 100,
    bytesDown: 1000,
    ...changes,
  };
}
