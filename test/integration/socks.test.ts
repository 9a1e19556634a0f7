import '../tailnet/inside.ts';
import { once } from 'node:events';
import t from 'tap';
import { rawClient } from '../support/bridge.ts';
import { connectBySocksv5 } from '../support/socksv5-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { spacetailFor } from './spacetail.ts';

t.setTimeout(240_000);
const tailnet = await useTailnet(t);
const { facts } = tailnet;
const { http, echo } = facts.tailnetOrigin;
const [ip4 = '', ip6 = ''] = facts.nodes['web']?.addresses ?? [];

/** RFC 1928 4: greeting and request in one. */
function socksRequest(command: number, type: number, address: Iterable<number>, port: number) {
  return Buffer.from([5, 1, 0, 5, command, 0, type, ...address, port >> 8, port & 255]);
}

/** The 16 bytes of an IPv6 address. */
function bytesOf(ip: string): number[] {
  const [head = '', tail = ''] = ip.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array.from({ length: missing }, () => '0'), ...groups(tail)];
  return all.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]);
}

const name = (text: string): number[] => [text.length, ...Buffer.from(text)];

void t.test('SOCKS5: nodes by name, IPv4 and IPv6, with the same log as HTTP', async (t) => {
  const spacetail = await spacetailFor(t, facts, { SPACETAIL_DENY: 'db' });
  await spacetail.up();
  for (const host of ['web', 'WEB.tail.test', ip4]) {
    const socket = await connectBySocksv5(spacetail.socksPort, { host, port: echo });
    socket.write('hello');
    t.equal(String(await once(socket, 'data')), 'hello', host);
    socket.destroy();
  }
  const raw = await rawClient(spacetail.socksPort, socksRequest(1, 4, bytesOf(ip6), echo));
  raw.socket.write('by IPv6');
  t.equal(
    Buffer.from(await raw.until(/by IPv6$/), 'latin1')
      .toString('hex')
      .slice(0, 12),
    '050005000001',
  );
  raw.socket.destroy();
  const log = await waitFor(
    () => (spacetail.accessLog().length === 4 ? spacetail.accessLog() : undefined),
    { what: 'the log lines' },
  );
  const common = {
    proto: 'socks5',
    method: 'CONNECT',
    port: echo,
    route: 'tailnet',
    peer: 'web.tail.test',
    status: 200,
  };
  const sent = { ...common, ip: ip4, bytes_up: 5, bytes_down: 5, error: null };
  // They end together, so their lines come in any order.
  const line = (id: number) => log.find((each) => String(each['id']).endsWith(`-${id}`));
  t.match([1, 2, 3, 4].map(line), [
    { ...sent, host: 'web', name_source: 'status' },
    { ...sent, host: 'web.tail.test', name_source: 'status' },
    { ...sent, host: ip4, name_source: 'literal' },
    { ...common, ip: ip6, name_source: 'literal', bytes_up: 7, bytes_down: 7 },
  ]);
});

void t.test('SOCKS5: each failure has its reply, BIND and UDP are refused', async (t) => {
  const spacetail = await spacetailFor(t, facts, { SPACETAIL_DENY: 'db' });
  await spacetail.up();
  const offline = name('offline');
  const cases: [title: string, bytes: Buffer, reply: number][] = [
    ['denied by a rule', socksRequest(1, 3, name('db'), echo), 2],
    ['a node that is offline', socksRequest(1, 3, offline, echo), 4],
    ['no such name', socksRequest(1, 3, name('nosuch.tail.test'), echo), 4],
    ['nobody listens', socksRequest(1, 3, name('web'), 1), 5],
    ['BIND', socksRequest(2, 3, name('web'), echo), 7],
    ['UDP ASSOCIATE', socksRequest(3, 1, [0, 0, 0, 0], 1), 7],
    ['no such address type', socksRequest(1, 9, [1, 1, 1, 1], echo), 8],
  ];
  for (const [title, bytes, reply] of cases) {
    const client = await rawClient(spacetail.socksPort, bytes);
    const answer = Buffer.from(await client.rest(), 'latin1').toString('hex');
    t.equal(answer, `0500050${reply}0001000000000000`, title);
    client.socket.destroy();
  }
  await waitFor(() => spacetail.accessLog().length === cases.length, { what: 'a line for each' });
  t.same(
    spacetail.accessLog().map(({ status }) => status),
    [403, 503, 502, 502, 400, 400, 400],
  );
});

void t.test('with SPACETAIL_PROXY_TOKEN both listeners want it, and env has it', async (t) => {
  const token = 'p@ss:w/rd %7 ünï';
  const spacetail = await spacetailFor(t, facts, { SPACETAIL_PROXY_TOKEN: token });
  const up = await spacetail.up();
  const url = `http://web:${http}/`;
  const bare = await spacetail.curl('-i', url);
  t.match(bare.stdout, /^HTTP\/1\.1 407 [^]*Proxy-Authenticate: Basic/i);
  t.match(bare.stdout, /Proxy-Status: spacetail; error=http_request_denied/i);
  const wrong = await spacetail.curl('-i', '-U', 'x:wrong', url);
  t.match(wrong.stdout, /^HTTP\/1\.1 407 [^]*a wrong token[^]*spacetail env/);
  const tunnel = await spacetail.curl('-p', '-U', 'x:wrong', url);
  t.match(tunnel, { code: 56, stderr: /407/ });
  t.match(await spacetail.curl('-U', `x:${token}`, url), { code: 0, stdout: /hello/ });

  const asked = { host: 'web', port: echo };
  const socket = await connectBySocksv5(spacetail.socksPort, asked, token);
  socket.write('in');
  t.equal(String(await once(socket, 'data')), 'in');
  socket.destroy();
  // socksv5's client throws where it is refused: RFC 1929 by hand.
  const wrongPassword = Buffer.from([5, 1, 2, 1, 1, 97, 1, 98]);
  for (const [bytes, answer] of [
    [wrongPassword, '05020101'],
    [Buffer.from([5, 1, 0]), '05ff'],
  ] as const) {
    const refused = await rawClient(spacetail.socksPort, bytes);
    t.equal(Buffer.from(await refused.rest(), 'latin1').toString('hex'), answer);
    refused.socket.destroy();
  }

  const env = JSON.parse((await spacetail.cli(['env', '--format', 'json'])).stdout) as Record<
    string,
    string
  >;
  t.equal(decodeURIComponent(new URL(env['HTTP_PROXY'] ?? '').password), token);
  t.match(await spacetail.through(['curl', '-sS', url]), { code: 0, stdout: /hello/ });
  const python = 'import urllib.request as u, sys; print(u.urlopen(sys.argv[1]).read())';
  t.match(await spacetail.through(['python3', '-c', python, url]), { code: 0, stdout: /hello/ });
  const byEval = await spacetail.through([
    'sh',
    '-c',
    `eval "$(spacetail env)" && curl -sS ${url}`,
  ]);
  t.match(byEval, { code: 0, stdout: /hello/ });

  t.equal((await fetch(`${spacetail.proxy}/metrics`)).status, 401, 'pages that name hosts want it');
  const headers = { authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` };
  t.equal((await fetch(`${spacetail.proxy}/metrics`, { headers })).status, 200);
  t.equal((await fetch(`${spacetail.proxy}/healthz`)).status, 200, 'probes do not');
  const down = await spacetail.cli(['down']);
  for (const text of [up.stderr, down.stderr, JSON.stringify(spacetail.accessLog())])
    t.notMatch(text, token, 'it is nowhere in the output');
  const denied = spacetail.accessLog().filter(({ status }) => status === 407);
  t.equal(denied.length, 5);
});
