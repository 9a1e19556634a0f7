import t from 'tap';
import { loadConfig } from '../../src/config.ts';
import { parseProxyUrl } from '../../src/config/upstream.ts';
import { secretsOf } from '../../src/config/secrets.ts';
import { upstreamOf } from '../../src/serve/upstream.ts';

void t.test('a proxy is read as curl reads it', async (t) => {
  for (const [written, canonical] of [
    ['proxy.corp:3128', 'http://proxy.corp:3128/'],
    ['HTTP://Proxy.Corp', 'http://proxy.corp/'],
    ['https://p', 'https://p/'],
    ['socks5://p', 'socks5://p:1080'],
    ['socks5h://[::1]:1', 'socks5h://[::1]:1'],
    [String.raw`http://CORP\ann:s3cret@p:1`, 'http://CORP%5Cann:s3cret@p:1/'],
    ['http://u:100%@p:1', 'http://u:100%25@p:1/'],
    ['http://u:a%40b@p:1', 'http://u:a%40b@p:1/'],
    ['http://u:a@b:c@p:1', 'http://u:a%40b%3Ac@p:1/'],
    ['http://u@p:1', 'http://u@p:1/'],
    ['http://:pw@p:1', 'http://:pw@p:1/'],
    ['http://u:ü@p:1', 'http://u:%C3%BC@p:1/'],
  ] as const) {
    t.equal(parseProxyUrl(written), canonical, written);
  }
  for (const written of [
    '',
    'http://',
    'socks4://p:1',
    'ftp://p',
    'http://p:0',
    'http://p:65536',
    'http://p:x',
    'http://u:a/b@p:1',
    'http://u:a#b@p:1',
    'http://u:%FF@p:1',
    'http://p:1/path',
    'http://[::1:1',
    'http://a b:1',
  ]) {
    t.equal(parseProxyUrl(written), undefined, written);
  }
});

void t.test('user and password come out as they were meant', async (t) => {
  const config = loadConfig({ HTTPS_PROXY: String.raw`http://CORP\ann:50%off&more@p:1` });
  t.match(upstreamOf(config.upstreamProxy), {
    scheme: 'http',
    host: 'p',
    port: 1,
    login: { user: String.raw`CORP\ann`, password: '50%off&more' },
  });
  t.same(secretsOf(config, []), ['50%25off%26more', '50%off&more']);
});

void t.test('a variable that cannot be used is named, and its value never told', async (t) => {
  for (const name of ['HTTPS_PROXY', 'http_proxy', 'ALL_PROXY', 'SPACETAIL_UPSTREAM_PROXY']) {
    t.throws(() => loadConfig({ [name]: 'socks4://ann:hunter22@p:1' }), {
      code: 'config_invalid',
      exitCode: 2,
      message: new RegExp(`${name}(?![^]*hunter22)`, 'u'),
    });
  }
});

void t.test('ALL_PROXY comes last, and our own SOCKS listener is none', async (t) => {
  const both = { ALL_PROXY: 'socks5h://far:1080', http_proxy: 'http://near:3128' };
  t.equal(loadConfig(both).upstreamProxy?.url, 'http://near:3128/');
  t.equal(loadConfig({ ALL_PROXY: 'socks5h://far' }).upstreamProxy?.url, 'socks5h://far:1080');
  t.equal(loadConfig({ all_proxy: 'socks5h://127.0.0.1:1080' }).upstreamProxy, undefined);
});
