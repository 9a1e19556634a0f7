import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { waitFor } from '../support/wait-for.ts';
import type { TailnetFacts } from './facts.ts';
import { headscaleClient, type HeadscaleClient, type ListedNode } from './headscale-client.ts';
import { createNode, type TailnetNode } from './node.ts';
import { readQuestions, type DnsQuestion } from './servers/dns.ts';

export interface JoinOptions {
  tags?: string[];
  persistent?: boolean;
  /** Give it a SOCKS5 listener (`node.socks`), to send requests from it. */
  socks?: boolean;
  /** More arguments for `tailscale up`. */
  up?: string[];
}

/** What any process can do with a running tailnet, whoever started it. */
export interface TailnetAccess extends HeadscaleClient {
  readonly facts: TailnetFacts;
  /** Starts another node (ephemeral, `tag:late`). It ends with the test or the tailnet, or by your `stop`. */
  joinNode(name: string, options?: JoinOptions): Promise<TailnetNode>;
  /** Kills the nodes that this process has joined and that still run. */
  killJoined(): Promise<void>;
  /** Waits until headscale shows what you want to see, such as a node that is gone. */
  untilListed(wanted: (nodes: ListedNode[]) => boolean, deadlineMs?: number): Promise<void>;
  /** What the host's resolver was asked so far (for `name`, or at all). */
  systemQuestions(name?: string): DnsQuestion[];
  /** What the split-DNS resolvers were asked so far. */
  privateQuestions(name?: string): DnsQuestion[];
}

/** Access to a tailnet by its facts. */
export function accessTailnet(facts: TailnetFacts): TailnetAccess {
  const client = headscaleClient(facts.tools.headscale, facts.headscaleConfig);
  const joined: TailnetNode[] = [];
  const questions = (logs: string[], name?: string): DnsQuestion[] =>
    logs.flatMap(readQuestions).filter((question) => name === undefined || question.name === name);
  return {
    ...client,
    facts,
    async joinNode(name, options = {}) {
      const { tags = ['tag:late'], persistent = false, socks = false, up = [] } = options;
      const folder = join(facts.folder, `${name}-${process.pid}-${joined.length}`);
      const key = await client.newKey({ tags, ephemeral: !persistent });
      const { loginServer, tools } = facts;
      const forget = (): void => rmSync(folder, { recursive: true, force: true });
      const onStop = persistent ? {} : { onStop: forget };
      const node = createNode({
        name,
        key,
        loginServer,
        folder,
        tools,
        persistent,
        socks,
        up,
        ...onStop,
      });
      joined.push(node);
      await node.start();
      return node;
    },
    async killJoined() {
      await Promise.all(joined.map((node) => node.kill()));
    },
    async untilListed(wanted, deadlineMs = 10_000) {
      const what = 'the wanted list of nodes';
      await waitFor(async () => wanted(await client.listNodes()), { deadlineMs, what });
    },
    systemQuestions: (name) => questions([facts.systemDns.questionLog], name),
    privateQuestions: (name) => questions(facts.privateDns.questionLogs, name),
  };
}
