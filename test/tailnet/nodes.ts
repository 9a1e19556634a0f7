import { join } from 'node:path';

import { waitFor } from '../support/wait-for.ts';
import type { NodeFacts } from './facts.ts';
import type { Headscale } from './headscale.ts';
import { createNode, type TailnetNode } from './node.ts';
import type { Tools } from './toolchain.ts';
import { ADDRESS, SUBNET, SUBNET_4VIA6 } from './world.ts';

export interface NodesContext {
  control: Headscale;
  folder: string;
  tools: Tools;
  baseDomain: string;
  /** Comes before a node's name in an origin's `via`. */
  label: string;
  /** What undoes a start is pushed here before the start. */
  cleanUp: (() => unknown)[];
}

interface NodeKind {
  tag: string;
  up?: readonly string[];
  persistent?: boolean;
}

const NODES = {
  web: { tag: 'tag:web' },
  db: { tag: 'tag:db' },
  router: {
    tag: 'tag:router',
    up: [`--advertise-routes=${SUBNET},${SUBNET_4VIA6}`, '--advertise-exit-node'],
  },
  offline: { tag: 'tag:offline', persistent: true },
} satisfies Record<string, NodeKind>;

type Name = keyof typeof NODES;

/** Starts the nodes that every test tailnet has, all at once but for `web`, which comes first. */
export async function startNodes(
  context: NodesContext,
): Promise<{ nodes: Record<Name, TailnetNode>; facts: Record<string, NodeFacts> }> {
  const names = Object.keys(NODES) as Name[];
  const made = await Promise.all(names.map((name) => makeNode(name, context)));
  const nodes = Object.fromEntries(names.map((name, at) => [name, made[at]])) as Record<
    Name,
    TailnetNode
  >;
  context.cleanUp.push(() => Promise.all(made.map((node) => node.kill())));

  await joinAndVanish(nodes.offline, context.control);
  const starts = [nodes.web.start()];
  // headscale hands out addresses in the order of arrival, and web's are written in world.ts.
  await Promise.race([untilListed(context.control, 'web'), ...starts]);
  starts.push(nodes.db.start(), nodes.router.start());
  await Promise.all(starts);

  const facts: Record<string, NodeFacts> = {};
  for (const name of ['web', 'db', 'router'] as const) {
    const node = nodes[name];
    const { pid, socket } = node;
    const addresses = await node.addresses();
    facts[name] = {
      fqdn: `${name}.${context.baseDomain}`,
      addresses,
      tags: [NODES[name].tag],
      pid,
      socket,
    };
  }
  if (facts['web']?.addresses[0] !== ADDRESS.web) {
    throw new Error(`web was to get ${ADDRESS.web}, not ${facts['web']?.addresses[0]}`);
  }
  return { nodes, facts };
}

/**
 * Makes a node that is known and offline. headscale counts a node as online for 10 s after it went,
 * but not over a restart of its own, and that takes 0.1 s.
 */
async function joinAndVanish(node: TailnetNode, control: Headscale): Promise<void> {
  const joining = node.start().catch(() => {});
  await untilListed(control, node.name);
  await node.kill();
  await joining;
  await control.stop('SIGKILL');
  await control.start();
}

async function untilListed(control: Headscale, name: string): Promise<void> {
  const listed = async (): Promise<boolean> =>
    (await control.listNodes()).some(
      (node) => node.givenName === name && node.addresses.length > 0,
    );
  await waitFor(listed, { what: `the node ${name}` });
}

async function makeNode(name: Name, context: NodesContext): Promise<TailnetNode> {
  const { control, folder, tools, label } = context;
  const {
    tag,
    up = [],
    persistent = false,
  }: { tag: string; up?: readonly string[]; persistent?: boolean } = NODES[name];
  const key = await control.newKey({ tags: [tag], ephemeral: !persistent });
  return createNode({
    name,
    label: label + name,
    key,
    loginServer: control.url,
    folder: join(folder, name),
    tools,
    persistent,
    up,
  });
}
