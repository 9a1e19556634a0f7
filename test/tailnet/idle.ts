import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort, freeUdpPort } from '../support/free-port.ts';
import { createHeadscale } from './headscale.ts';
import type { HeadscaleClient } from './headscale-client.ts';
import { builtTools } from './toolchain.ts';
import { TAGS } from './world.ts';

/** A second tailnet that nobody but the run under test is in: `idle.test`, without split DNS, routes or records. */
export interface IdleTailnet extends HeadscaleClient {
  readonly loginServer: string;
  /** A reusable key for ephemeral nodes with `tag:ci`. */
  readonly authKey: string;
  stop(): Promise<void>;
}

/** A headscale of its own and nothing else: half a second. Only inside a namespace. */
export async function startIdleTailnet(): Promise<IdleTailnet> {
  const tools = builtTools();
  if (!tools) throw new Error('the tools are not built: node test/tailnet/build.ts');
  const folder = mkdtempSync(join(tmpdir(), 'idle-'));
  const control = createHeadscale(tools.headscale, {
    folder,
    address: '127.0.0.1',
    port: await freePort(),
    grpcPort: await freePort(),
    stunPort: await freeUdpPort(),
    baseDomain: 'idle.test',
    searchDomains: [],
    splitDns: {},
    extraRecords: [],
    subnets: [],
    tags: TAGS,
  });
  const stop = async (): Promise<void> => {
    await control.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await control.start();
    return { ...control, loginServer: control.url, authKey: await control.newKey(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
