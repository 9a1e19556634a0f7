import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { proxyAutoConfig } from '../../../src/proxy/pages/proxy-auto-config.ts';
import { pagesServer } from '../../support/pages-server.ts';
import { requestRecord } from '../../support/request-record.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function ask(
  port: number,
  path: string,
  {
    headers = {},
    method = 'GET',
  }: { headers?: Record<string, string | string[]>; method?: string } = {},
): Promise<Answer> {
  const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

void t.test('every page answers', async (t) => {
  const { port } = await pagesServer(t);
  const pages: [path: string, type: RegExp, body: RegExp][] = [
    ['/healthz', /^text\/plain/, /^ok\n$/],
    ['/readyz', /^text\/plain/, /./],
    ['/metrics', /^text\/plain; version=0\.0\.4/, /spacetail_requests_total 3/],
    ['/proxy.pac', /^application\/x-ns-proxy-autoconfig/, /FindProxyForURL/],
    ['/', /^text\/html; charset=utf-8/, /<title>spacetail/],
    ['/?q=1', /^text\/html/, /<title>spacetail/],
  ];
  for (const [path, type, body] of pages) {
    const answer = await ask(port, path);
    t.match(
      answer,
      { status: 200, body, headers: { 'content-type': type, 'cache-control': 'no-store' } },
      path,
    );
    t.equal(answer.headers['access-control-allow-origin'], undefined);
    const head = await ask(port, path, { method: 'HEAD' });
    t.match(head, { status: 200, body: /^$/ }, `HEAD ${path}`);
  }
});

void t.test('a bridge that is not ready says so', async (t) => {
  const { port } = await pagesServer(t, { isReady: false });
  t.match(await ask(port, '/readyz'), { status: 503, body: 'waiting for the netmap\n' });
  t.match(await ask(port, '/healthz'), { status: 200 }, 'and is alive all the same');
});

void t.test('other paths and methods are refused', async (t) => {
  const { port } = await pagesServer(t);
  t.match(await ask(port, '/secret"<b>'), {
    status: 404,
    headers: { 'content-type': /^text\/plain/ },
  });
  t.match(await ask(port, '/constructor'), { status: 404 });
  t.match(await ask(port, '/metrics', { method: 'POST' }), {
    status: 405,
    headers: { allow: 'GET, HEAD' },
  });
});

void t.test('only a loopback Host is answered', async (t) => {
  const { port } = await pagesServer(t);
  for (const host of [
    '127.0.0.1',
    `127.0.0.1:${port}`,
    '127.8.8.8:1',
    'localhost',
    'LOCALHOST:8080',
    '[::1]:8080',
  ]) {
    t.match(await ask(port, '/healthz', { headers: { host } }), { status: 200 }, host);
  }
  const foreign = [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '10.0.0.1',
    '[::2]',
    '127.0.0.1@evil',
  ];
  for (const host of foreign) {
    for (const path of ['/healthz', '/', '/events', '/metrics', '/none']) {
      t.match(await ask(port, path, { headers: { host } }), { status: 421 }, `${host} ${path}`);
    }
  }
});

void t.test('another site may not read a page, event streams neither', async (t) => {
  const { port } = await pagesServer(t);
  const own = `127.0.0.1:${port}`;
  const foreign: Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'nonsense' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `https://${own}` },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
  ];
  for (const headers of foreign) {
    for (const path of ['/', '/events', '/metrics', '/healthz', '/proxy.pac']) {
      t.match(
        await ask(port, path, { headers }),
        { status: 403 },
        `${JSON.stringify(headers)} ${path}`,
      );
    }
  }
  for (const headers of [
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'same-origin', origin: `http://${own}` },
  ]) {
    t.match(await ask(port, '/', { headers }), { status: 200 }, JSON.stringify(headers));
  }
});

void t.test('with a token set, what names hosts wants it', async (t) => {
  const { port } = await pagesServer(t, { token: 's3cret:x' });
  const basic = (password: string) => `Basic ${Buffer.from(`any:${password}`).toString('base64')}`;
  for (const path of ['/', '/metrics', '/events']) {
    for (const authorization of [
      undefined,
      basic('wrong'),
      basic(''),
      'Bearer wrong',
      'Basic',
      'x',
    ]) {
      const headers = authorization === undefined ? {} : { authorization };
      const answer = await ask(port, path, { headers });
      t.match(
        answer,
        { status: 401, headers: { 'www-authenticate': /^Basic realm/ } },
        `${path} ${authorization}`,
      );
      t.notMatch(answer.body, 's3cret');
    }
  }
  for (const authorization of [
    basic('s3cret:x'),
    'Bearer s3cret:x',
    basic('s3cret:x').replace('Basic', 'basic'),
  ]) {
    t.match(
      await ask(port, '/metrics', { headers: { authorization } }),
      { status: 200 },
      authorization,
    );
  }
  t.match(await ask(port, '/healthz'), { status: 200 }, 'a probe has no token');
});

void t.test('the page may load and run nothing but its own', async (t) => {
  const { port } = await pagesServer(t);
  const { headers, body } = await ask(port, '/');
  const policy = String(headers['content-security-policy']);
  t.match(policy, /default-src 'none'; script-src 'sha256-[\w+/=]+'; style-src 'sha256-/);
  t.notMatch(policy, /unsafe|https?:/);
  t.match(headers, {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
  });
  t.notMatch(body, /\b(?:src|href)="(?!data:)/);
  t.notMatch(body, /innerHTML|document\.write|eval\(/);
});

void t.test(
  'the PAC file sends everything but this machine to the bridge, and names no peer',
  async (t) => {
    const { port } = await pagesServer(t);
    const { body } = await ask(port, '/proxy.pac');
    t.notMatch(body, /tail1|db|100\.64/);
    const find = (host: string): string =>
      runInNewContext(`${body};FindProxyForURL('http://x/', ${JSON.stringify(host)})`) as string;
    for (const host of ['localhost', 'a.LOCALHOST', '127.0.0.1', '127.9.9.9', '[::1]', '::1'])
      t.equal(find(host), 'DIRECT', host);
    for (const host of [
      'db',
      'db.tail1.ts.net',
      '100.64.0.7',
      '127.0.0.1.evil.example',
      'notlocalhost',
    ]) {
      t.equal(find(host), `PROXY 127.0.0.1:${port}; SOCKS5 127.0.0.1:1080`, host);
    }
  },
);

void t.test('the PAC file names an address that can be reached', async (t) => {
  t.match(
    proxyAutoConfig({ http: { host: '0.0.0.0', port: 1 }, socks5: undefined }),
    "'PROXY 127.0.0.1:1'",
  );
  t.match(
    proxyAutoConfig({ http: { host: '::', port: 1 }, socks5: { host: '::1', port: 2 } }),
    "'PROXY [::1]:1; SOCKS5 [::1]:2'",
  );
});

/** Reads events until `count` of them are there. */
async function readEvents(port: number, count: number, meanwhile: () => void = () => undefined) {
  const request = httpRequest({ host: '127.0.0.1', port, path: '/events', agent: false });
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  meanwhile();
  const events: { name: string; data: Record<string, unknown> }[] = [];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const parts = (text + String(chunk)).split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const [, name = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(part) ?? [];
      events.push({ name, data: JSON.parse(data) as Record<string, unknown> });
    }
    if (events.length >= count) break;
  }
  response.destroy();
  return events;
}

void t.test('the event stream tells the state, past requests and new ones', async (t) => {
  const { port, feed } = await pagesServer(t);
  feed.publish(requestRecord({ host: 'past' }));
  const events = await readEvents(port, 3, () =>
    feed.publish(requestRecord({ host: 'new\n\nevent: forged' })),
  );
  t.match(events, [
    { name: 'overview', data: { state: 'running', peers: [{ name: 'db.tail1.ts.net' }, {}] } },
    {
      name: 'requests',
      data: { requests: [{ host: 'past', client: '/usr/bin/curl' }], skipped: 0 },
    },
    { name: 'requests', data: { requests: [{ host: 'new\n\nevent: forged' }] } },
  ]);
});

void t.test('a burst is shown in part and counted whole', async (t) => {
  const { port, feed } = await pagesServer(t);
  const [, burst] = await readEvents(port, 2, () => {
    for (let count = 0; count < 1000; count++) feed.publish(requestRecord());
  });
  t.match(burst, { name: 'requests', data: { skipped: 900 } });
  t.equal((burst?.data['requests'] as object[] | undefined)?.length, 100);
  t.equal(feed.recent().length, 200, 'the feed keeps the last ones only');
});

void t.test('there are at most 20 event streams, and their end frees them', async (t) => {
  const { port, pages } = await pagesServer(t);
  const streams = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const request = httpRequest({ host: '127.0.0.1', port, path: '/events', agent: false }).end();
      return ((await once(request, 'response')) as [IncomingMessage])[0];
    }),
  );
  t.match(await ask(port, '/events'), { status: 503, headers: { 'retry-after': '5' } });
  const ended = streams.map((stream) => once(stream.resume(), 'end'));
  pages.close();
  await Promise.all(ended);
  t.match(await readEvents(port, 1), [{ name: 'overview' }]);
});
