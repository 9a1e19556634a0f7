import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { compilePolicy } from '../../src/proxy/policy/policy.ts';
import type { PolicyInput } from '../../src/proxy/policy/policy.ts';
import type { RequestRecord } from '../../src/proxy/core/request-record.ts';
import { createBridge } from '../../src/proxy/bridge.ts';
import type { Bridge, BridgeOptions } from '../../src/proxy/bridge.ts';
import { splitRules } from '../../src/config/rule-text.ts';
import { fakeResolver } from './fake-resolver.ts';
import { fakeTailnet } from './fake-tailnet.ts';
import type { FakeTailnet } from './fake-tailnet.ts';
import { waitFor } from './wait-for.ts';
import type { Teardown } from './teardown.ts';

export interface TestBridge {
  readonly bridge: Bridge;
  readonly tailnet: FakeTailnet;
  readonly httpPort: number;
  readonly socksPort: number;
  readonly records: RequestRecord[];
  /** The record at this position, once it is there. */
  readonly record: (at?: number) => Promise<RequestRecord>;
}

export interface TestBridgeOptions extends Partial<Omit<BridgeOptions, 'tailnet'>> {
  readonly tailnet?: FakeTailnet;
  readonly names?: Record<string, readonly [string, ...string[]]>;
  /** Rules, as in SPACETAIL_ALLOW and so on. Loopback is allowed by default: origins of tests live there. */
  readonly allow?: string;
  readonly deny?: string;
  readonly allowLocal?: string;
}

/** A bridge on free ports of 127.0.0.1 that is drained at the end of the test. */
export async function startBridge(
  t: Teardown,
  options: TestBridgeOptions = {},
): Promise<TestBridge> {
  const tailnet = options.tailnet ?? fakeTailnet(undefined);
  const records: RequestRecord[] = [];
  const { names, allow = '', deny = '', allowLocal = '127.0.0.0/8', ...rest } = options;
  const bridge = createBridge({
    http: { host: '127.0.0.1', port: 0 },
    socks: { host: '127.0.0.1', port: 0 },
    resolver: fakeResolver(tailnet, names),
    policy: compilePolicy(policyInput({ allow, deny, allowLocal })),
    clientOf: async () => null,
    record: (record) => records.push(record),
    pages: (_request, response) => response.end('page'),
    attachedNetworks: () => [],
    connectTimeoutMs: 3000,
    holdClientFin: () => false,
    ...rest,
    tailnet,
  });
  await bridge.listen();
  t.teardown(() => bridge.drain(AbortSignal.abort()));
  return {
    bridge,
    tailnet,
    httpPort: bridge.addresses().http?.port ?? 0,
    socksPort: bridge.addresses().socks?.port ?? 0,
    records,
    record: (at = 0) => waitFor(() => records[at], { what: `record ${at}` }),
  };
}

function policyInput(rules: { allow: string; deny: string; allowLocal: string }): PolicyInput {
  return {
    mode: undefined,
    allow: splitRules(rules.allow, 'SPACETAIL_ALLOW'),
    deny: splitRules(rules.deny, 'SPACETAIL_DENY'),
    allowLocal: splitRules(rules.allowLocal, 'SPACETAIL_ALLOW_LOCAL'),
    metadata: undefined,
  };
}

export interface RawClient {
  readonly socket: Socket;
  /** Everything received so far. */
  text(): string;
  /** Waits until the received text matches. */
  until(pattern: RegExp): Promise<string>;
  /** All there is, once the other side has ended. */
  rest(): Promise<string>;
}

/** A client that sends bytes as they are. */
export async function rawClient(port: number, bytes?: string | Buffer): Promise<RawClient> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  let received = '';
  let wake = (): void => {};
  let hasEnded = false;
  const ended = Promise.withResolvers<void>();
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
    wake();
  });
  const onEnd = (): void => {
    hasEnded = true;
    ended.resolve();
    wake();
  };
  socket.on('end', onEnd).on('close', onEnd);
  await once(socket, 'connect');
  if (bytes !== undefined) socket.write(bytes);
  const change = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    await promise;
  };
  return {
    socket,
    text: () => received,
    async until(pattern) {
      while (!pattern.test(received)) {
        if (hasEnded) throw new Error(`ended before ${pattern}: ${JSON.stringify(received)}`);
        await change();
      }
      return received;
    },
    async rest() {
      await ended.promise;
      return received;
    },
  };
}
