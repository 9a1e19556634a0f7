import './inside.ts';

import { existsSync } from 'node:fs';

import t from 'tap';

import { run } from '../support/run.ts';
import { waitFor } from '../support/wait-for.ts';
import type { TailnetNode } from './node.ts';
import { commandLines } from './processes.ts';
import type { Echo } from './servers/origin-routes.ts';
import { startTailnet } from './tailnet.ts';

const processesBefore = commandLines();
const tailnet = await startTailnet();
const { facts } = tailnet;
const ci = await tailnet.joinNode('ci', { tags: ['tag:ci'], up: ['--accept-routes'], socks: true });

t.setTimeout(120_000);
t.teardown(() => tailnet.stop());

/** Asks /echo from the node `ci`. */
function echoFromCi(host: string): Promise<Echo> {
  return echoThrough(ci, `http://${host}/echo`);
}

function echoThrough(node: TailnetNode, url: string): Promise<Echo> {
  return waitFor(
    async () => {
      const args = ['-sS', '--max-time', '6', '--proxy', `socks5h://${node.socks}`, url];
      return JSON.parse((await run('curl', args)).stdout) as Echo;
    },
    { deadlineMs: 20_000, what: `an answer of ${url}` },
  );
}

/**
 * Waits until two nodes know each other. A connection that is tried before that loses its first
 * packet, and WireGuard repeats it only after 5 s; disco pings are cheap to repeat.
 */
async function untilMet(node: TailnetNode, peer: string): Promise<void> {
  const ping = ['ping', '--c=1', '--timeout=500ms', peer];
  await waitFor(async () => (await node.tailscale(ping)).code === 0, { what: `a pong of ${peer}` });
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

async function lookUp(name: string, type = 'A'): Promise<string[]> {
  const answers = await waitFor(async () => {
    const done = await ci.tailscale(['dns', 'query', '--json', name, type], { timeoutMs: 4000 });
    return (JSON.parse(done.stdout) as { Answers?: { Body: string }[] }).Answers;
  });
  return answers.map((answer) => answer.Body);
}

void t.test('it is ready within half a minute', async (t) => {
  t.comment(`ready after ${facts.startedInMs} ms`);
  t.ok(facts.startedInMs < 30_000, `${facts.startedInMs} ms`);
});

void t.test(
  'headscale lists every node by name, and only the offline one as offline',
  async (t) => {
    const nodes = await tailnet.listNodes();
    const listed = nodes.map((node) => `${node.givenName} ${node.online ? 'online' : 'offline'}`);
    t.strictSame(listed.toSorted(), [
      'ci online',
      'db online',
      'offline offline',
      'router online',
      'web online',
    ]);
    t.strictSame(nodes.find((node) => node.givenName === 'db')?.tags, ['tag:db']);
  },
);

void t.test(
  'a node sees the others with suffix, tags, extra records and the offline one',
  async (t) => {
    const { stdout } = await ci.tailscale(['status', '--json']);
    const status = JSON.parse(stdout) as {
      MagicDNSSuffix: string;
      ExtraRecords: { Name: string; Type?: string; Value: string }[];
      Peer: Record<
        string,
        { DNSName: string; Online: boolean; AllowedIPs: string[]; Tags: string[] }
      >;
    };
    const peer = (name: string) =>
      Object.values(status.Peer).find(({ DNSName }) => DNSName === `${name}.tail.test.`);
    t.equal(status.MagicDNSSuffix, facts.baseDomain);
    t.strictSame(peer('web')?.Tags, ['tag:web']);
    t.equal(peer('offline')?.Online, false);
    t.equal(peer('web')?.Online, true);
    for (const subnet of facts.subnets) t.ok(peer('router')?.AllowedIPs.includes(subnet), subnet);
    t.strictSame(
      status.ExtraRecords.map(({ Name, Type }) => `${Name} ${Type ?? 'none'}`).toSorted(),
      ['a.apps.test A', 'aaaa.apps.test AAAA', 'plain.apps.test none'],
    );
  },
);

void t.test('a web request by name, IPv4 and IPv6 arrives through the node it names', async (t) => {
  const { addresses } = facts.nodes['web'] ?? { addresses: [] };
  await untilMet(ci, 'web');
  for (const host of ['web', 'web.tail.test', ...addresses]) {
    const echo = await echoFromCi(bracketed(host));
    t.match(echo, { origin: 'tailnet', via: 'web', headers: { host: bracketed(host) } }, host);
  }
});

void t.test(
  'an address of the subnet, plain or as 4via6, is reached through the router',
  async (t) => {
    await untilMet(ci, 'router');
    for (const host of ['198.51.100.80', 'fd7a:115c:a1e0:b1a:0:7:c633:6450']) {
      t.match(await echoFromCi(bracketed(host)), { origin: 'subnet', via: 'router' }, host);
    }
  },
);

void t.test(
  'split DNS is asked over the tailnet, and the host resolver sees nothing of it',
  async (t) => {
    t.strictSame(await lookUp('wiki.corp.test'), facts.nodes['web']?.addresses.slice(0, 1));
    t.strictSame(await lookUp('subnet.lab.test'), ['198.51.100.80']);
    t.strictSame(await lookUp('a.apps.test'), facts.nodes['web']?.addresses.slice(0, 1));
    t.match(tailnet.privateQuestions('wiki.corp.test'), [{ over: 'tcp', via: 'web' }]);
    t.match(tailnet.privateQuestions('subnet.lab.test'), [{ over: 'tcp', via: 'router' }]);
    t.strictSame(tailnet.systemQuestions(), []);
  },
);

void t.test('a node that uses the exit node reaches the internet through the router', async (t) => {
  const roamer = await tailnet.joinNode('roamer', { socks: true });
  await untilMet(roamer, 'router');
  const url = `http://${facts.internetOrigin.address}/echo`;
  t.match(await echoThrough(roamer, url), { origin: 'internet', via: 'roamer' }, 'dials by itself');
  const set = await roamer.tailscale(['set', '--exit-node=router']);
  t.equal(set.code, 0, set.stderr);
  t.match(await echoThrough(roamer, url), { origin: 'internet', via: 'router' });
  await roamer.stop();
});

void t.test('a node that joins late is listed and answers; when it stops it is gone', async (t) => {
  const late = await tailnet.joinNode('late');
  t.ok((await tailnet.listNodes()).find((node) => node.givenName === 'late')?.online);
  await untilMet(ci, 'late');
  t.match(await echoFromCi('late'), { via: 'late' });
  await late.stop();
  await tailnet.untilListed((nodes) => nodes.every((node) => node.givenName !== 'late'));
});

void t.test('a node that joins anew has the same name and another address', async (t) => {
  const moving = await tailnet.joinNode('moving');
  const before = await moving.addresses();
  await moving.rejoin();
  const listed = (await tailnet.listNodes()).filter((node) => node.givenName === 'moving');
  t.equal(listed.length, 1);
  t.notSame(listed[0]?.addresses, before);
  await moving.stop();
});

void t.test(
  'a node that is killed comes back under its address when it was persistent',
  async (t) => {
    const lasting = await tailnet.joinNode('lasting', { persistent: true });
    const before = await lasting.addresses();
    await lasting.kill();
    t.equal(lasting.running, false);
    await lasting.start();
    t.strictSame(await lasting.addresses(), before);
    await untilMet(ci, 'lasting');
    t.match(await echoFromCi('lasting'), { via: 'lasting' });
    await lasting.stop();
    await tailnet.deleteNode('lasting');
  },
);

void t.test('extra records change while it runs', async (t) => {
  tailnet.control.setExtraRecords([{ name: 'new.apps.test', type: 'A', value: '100.64.0.3' }]);
  t.strictSame(await lookUp('new.apps.test'), ['100.64.0.3']);
});

void t.test('two tailnets run at once in one namespace and do not meet', async (t) => {
  const second = await startTailnet();
  t.not(second.facts.loginServer, facts.loginServer);
  t.not(second.facts.tailnetOrigin.http, facts.tailnetOrigin.http);
  const guest = await second.joinNode('guest', { socks: true });
  await untilMet(guest, 'web');
  const echo = await echoThrough(guest, `http://web:${second.facts.tailnetOrigin.http}/echo`);
  t.equal(echo.via, 'web');
  t.notOk((await tailnet.listNodes()).some((node) => node.givenName === 'guest'));
  await second.stop();
  t.ok((await tailnet.listNodes()).length > 0, 'the first one is still there');
});

void t.test('nodes still reach one another while headscale is away', async (t) => {
  await tailnet.control.stop('SIGKILL');
  t.match(await echoFromCi('100.64.0.2'), { via: 'web' });
  await tailnet.control.start();
  t.ok((await tailnet.listNodes()).some((node) => node.givenName === 'web'));
});

void t.test('teardown leaves no process and no file', async (t) => {
  await tailnet.stop();
  t.strictSame(commandLines().toSorted(), processesBefore.toSorted());
  t.notOk(existsSync(facts.folder));
});
