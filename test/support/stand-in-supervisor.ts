import { writeFileSync } from 'node:fs';
import { type ControlHandlers, listenControl } from '../../src/lifecycle/control/control-socket.ts';
import { identify } from '../../src/lifecycle/folder/process-id.ts';
import { type RuntimeFolder, runtimePaths } from '../../src/lifecycle/folder/runtime-folder.ts';
import type { StatusDocument } from '../../src/serve/status.ts';
import { type HasTeardown, tmpFolder } from './tmp-folder.ts';

export interface StandInOptions {
  /** Laid over a healthy status. */
  readonly status?: Partial<StatusDocument>;
  readonly operations?: ControlHandlers;
}

export interface StandIn {
  readonly folder: RuntimeFolder;
  /** What a command needs to find it. */
  readonly env: Record<string, string>;
}

export function healthyStatus(changes: Partial<StatusDocument> = {}): StatusDocument {
  return {
    state: 'running',
    detail: null,
    hint: null,
    supervisor: { pid: process.pid, startedMs: Date.now(), owner: null },
    node: { name: 'ci.tail1234.ts.net', addresses: ['100.64.0.9'] },
    tailscaled: { version: '1.102.5', pid: 4321, restarts: 0 },
    netmap: { peers: 3, suffix: 'tail1234.ts.net' },
    listeners: { http: '127.0.0.1:8080', socks5: '127.0.0.1:1080' },
    counters: { requests: 7, denied: 1, errors: 2, openTunnels: 0 },
    policy: { mode: 'enforce' },
    warnings: [],
    ...changes,
  };
}

/**
 * The test's process in a supervisor's place: a real control socket and pidfile in a runtime folder, with
 * answers that the test chooses.
 */
export async function standInSupervisor(
  t: HasTeardown,
  options: StandInOptions = {},
): Promise<StandIn> {
  const folder = runtimePaths(tmpFolder(t));
  const self = identify(process.pid);
  writeFileSync(folder.pidfile, `${self?.pid} ${self?.startTicks}\n`);
  const ready = { kind: 'ready' };
  const server = await listenControl(folder.controlSocket, {
    status: async () => healthyStatus(options.status),
    own: async () => null,
    wait: async () => ready,
    ...options.operations,
  });
  t.teardown(() => server.close(100));
  return { folder, env: { SPACETAIL_RUNTIME_DIR: folder.path } };
}
