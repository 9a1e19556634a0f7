/**
 * A whole supervisor around a bridge that only answers `ok`: lets tests of the lifecycle run without
 * the proxy. It takes over from `startDetached` as `serve` does.
 */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SpacetailError } from '../../src/errors.ts';
import { receiveHandOver } from '../../src/lifecycle/run/detached-start.ts';
import { isFinal } from '../../src/lifecycle/join/progress.ts';
import type { ProcessId } from '../../src/lifecycle/folder/process-id.ts';
import { runSupervisor } from '../../src/lifecycle/run/supervisor.ts';
import type {
  Bridge,
  SupervisorParts,
  SupervisorSettings,
} from '../../src/lifecycle/run/supervisor-parts.ts';

/** What a test hands over. */
export interface TestPayload {
  readonly settings: SupervisorSettings;
  readonly owner: ProcessId | undefined;
  readonly before: Readonly<Record<string, string>>;
  readonly port: number;
  readonly authKey: string;
  /** The bridge never ends its drain. */
  readonly hangingDrain?: boolean;
  readonly readinessFails?: boolean;
}

const handOver = await receiveHandOver();
const payload = handOver.payload as TestPayload;

function createBridge(): Bridge {
  let seenMs = Date.now();
  const server = createServer((_, response) => {
    seenMs = Date.now();
    response.end('ok');
  });
  return {
    async listen() {
      server.listen(payload.port, '127.0.0.1');
      try {
        await once(server, 'listening');
      } catch (error) {
        throw new SpacetailError('listen_failed', `127.0.0.1:${payload.port} is taken`, {
          cause: error,
        });
      }
      const { port } = server.address() as AddressInfo;
      return { http: { host: '127.0.0.1', port }, socks5: undefined };
    },
    async drain() {
      if (payload.hangingDrain === true) await new Promise(() => {});
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
    lastClientSeenMs: () => seenMs,
  };
}

const parts: SupervisorParts = {
  bridge: createBridge(),
  async readiness(tailnet) {
    if (payload.readinessFails === true) throw new SpacetailError('needs_login', 'no netmap');
    return {
      name: `node-on-${tailnet.socksAddress?.port}`,
      addresses: ['100.64.0.1'],
      peers: 0,
      suffix: 'test',
      version: 'fake',
      warnings: [],
    };
  },
  obtainKey: async () => payload.authKey,
  tailnetChanged: () => {},
  status: (core) => core,
  operations: { echo: async (parameters) => parameters },
  finish: async (end) => {
    writeFileSync(`${payload.settings.runtimeDir}/last-run.json`, JSON.stringify({ end }));
    return { end };
  },
};

const signalled = new AbortController();
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(name, () => signalled.abort(new Error(`ended by ${name}`)));
}
const end = await runSupervisor(
  {
    settings: payload.settings,
    owner: payload.owner,
    before: payload.before,
    env: process.env,
    notices: [],
    report(event) {
      handOver.report(event);
      if (isFinal(event) || (event.kind === 'listening' && !payload.settings.wait))
        handOver.finish();
    },
    stop: AbortSignal.any([signalled.signal, handOver.abandoned]),
    redact: (text) => text.replaceAll(payload.authKey, '[redacted]'),
  },
  async (_folder, core) => ({
    ...parts,
    operations: { ...parts.operations, restarts: async () => core().tailscaled.restarts },
  }),
);
process.exit(end.kind === 'ended' && end.error !== undefined ? 1 : 0);
