import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort, freeUdpPort } from '../support/free-port.ts';
import { accessTailnet, type TailnetAccess } from './access.ts';
import { createHeadscale, type Headscale } from './headscale.ts';
import type { ExtraRecord } from './headscale-config.ts';
import { insideNamespace } from './namespace.ts';
import { startNodes } from './nodes.ts';
import type { TailnetNode } from './node.ts';
import { startServers, type Servers } from './servers/servers.ts';
import { GIT_REPOSITORY } from './servers/git.ts';
import { builtTools, type Tools } from './toolchain.ts';
import {
  ADDRESS,
  BASE_DOMAIN,
  EXTRA_RECORDS,
  SEARCH_DOMAINS,
  SPLIT,
  SUBNET,
  SUBNET_4VIA6,
  TAGS,
} from './world.ts';

export interface StartOptions {
  /** Gets a line for each step. */
  report?: (line: string) => void;
  /** Instead of the built ones. */
  tools?: Tools;
  /** Added to those of world.ts. */
  extraRecords?: ExtraRecord[];
  /** A second one in a namespace: its suffix is `NAME.test`, and origins call its nodes `NAME/web`. */
  name?: string;
  /** Where headscale and its relay listen: 127.0.0.1, or what a far side reaches (`far-side.ts`). */
  address?: string;
}

/** A running tailnet that this process owns: it can break things too. */
export interface Tailnet extends TailnetAccess {
  readonly control: Headscale;
  readonly servers: Servers;
  /** `web`, `db`, `router`, and `offline` (not running). */
  readonly nodes: Readonly<Record<'web' | 'db' | 'router' | 'offline', TailnetNode>>;
  /** Ends every process and server of this tailnet and removes its folder. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts headscale, the test servers and the nodes, and returns when all nodes have joined.
 * Only inside a namespace (`enter.ts`, `inside.ts`). Whatever fails, nothing stays behind.
 *
 * @throws Error that says which part failed, with its last words.
 */
export async function startTailnet(options: StartOptions = {}): Promise<Tailnet> {
  if (!insideNamespace()) {
    throw new Error('the tailnet runs in a namespace: node test/tailnet/enter.ts -- CMD');
  }
  const { report = () => {} } = options;
  const tools = options.tools ?? builtTools();
  if (!tools) throw new Error('the tools are not built: node test/tailnet/build.ts');
  const start = performance.now();
  const baseDomain = options.name === undefined ? BASE_DOMAIN : `${options.name}.test`;
  const label = options.name === undefined ? '' : `${options.name}/`;
  const folder = mkdtempSync(join(tmpdir(), 'st-'));
  const cleanUp: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const step of cleanUp.splice(0).toReversed()) await step();
  };
  try {
    mkdirSync(join(folder, 'servers'));
    const servers = await startServers(join(folder, 'servers'));
    cleanUp.push(() => servers.close());
    const splitDns = {
      [SPLIT.node]: [servers.overNode === undefined ? servers.overSubnet.address : ADDRESS.web],
      [SPLIT.subnet]: [servers.overSubnet.address],
    };
    const control = createHeadscale(tools.headscale, {
      folder,
      address: options.address ?? '127.0.0.1',
      port: await freePort(),
      grpcPort: await freePort(),
      stunPort: await freeUdpPort(),
      baseDomain,
      searchDomains: SEARCH_DOMAINS,
      splitDns,
      extraRecords: [...EXTRA_RECORDS, ...(options.extraRecords ?? [])],
      subnets: [SUBNET, SUBNET_4VIA6],
      tags: TAGS,
    });
    cleanUp.push(() => control.stop());
    await control.start();
    report(`headscale is up at ${control.url}`);
    const started = await startNodes({ control, folder, tools, cleanUp, baseDomain, label });
    const startedInMs = Math.round(performance.now() - start);
    report(`${Object.keys(started.facts).length} nodes have joined after ${startedInMs} ms`);
    const access = accessTailnet({
      loginServer: control.url,
      authKey: await control.newKey(),
      baseDomain,
      headscaleConfig: control.config,
      folder,
      tools,
      nodes: started.facts,
      ...servers.facts,
      gitPath: `/git/${GIT_REPOSITORY}`,
      subnets: [SUBNET, SUBNET_4VIA6],
      splitDns,
      searchDomains: SEARCH_DOMAINS,
      startedInMs,
    });
    cleanUp.push(() => access.killJoined());
    const { nodes } = started;
    return { ...access, control, servers, nodes, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
