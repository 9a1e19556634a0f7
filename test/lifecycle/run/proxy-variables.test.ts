import t from 'tap';
import {
  type BridgeAddresses,
  defaultNoProxy,
  isOurs,
  oursIn,
  proxyNames,
  proxyVariables,
  proxyWarnings,
  restoredValue,
  restoringVariables,
  savedProxyVariables,
} from '../../../src/lifecycle/run/proxy-variables.ts';

const bridge: BridgeAddresses = {
  http: { host: '127.0.0.1', port: 8080 },
  socks5: { host: '127.0.0.1', port: 1080 },
  proxyToken: undefined,
};
const noProxy = defaultNoProxy.join(',');

void t.test('clients get the bridge in both cases, and the SOCKS listener as ALL_PROXY', (t) => {
  const variables = proxyVariables(bridge, {}, {});
  t.strictSame(Object.keys(variables).sort(), [...proxyNames].sort());
  for (const name of ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy'])
    t.equal(variables[name], 'http://127.0.0.1:8080');
  t.equal(variables['ALL_PROXY'], 'socks5://127.0.0.1:1080');
  t.equal(
    variables['NO_PROXY'],
    'localhost,127.0.0.1,::1,169.254.169.254,169.254.170.2,169.254.170.23,fd00:ec2::254,fd00:ec2::23,metadata.google.internal,metadata.google.internal.,.spacelift.io',
  );
  t.equal(variables['no_proxy'], variables['NO_PROXY']);
  t.notOk(
    'ALL_PROXY' in proxyVariables({ ...bridge, socks5: undefined }, {}, {}),
    'none with SOCKS off',
  );
  t.end();
});

void t.test(
  'a token is part of the address, and a wildcard listener is reached by loopback',
  (t) => {
    const open: BridgeAddresses = {
      http: { host: '0.0.0.0', port: 3128 },
      socks5: { host: '::', port: 1 },
      proxyToken: 'a/b@c',
    };
    const variables = proxyVariables(open, {}, {});
    t.equal(variables['HTTP_PROXY'], 'http://spacetail:a%2Fb%40c@127.0.0.1:3128');
    t.equal(variables['ALL_PROXY'], 'socks5://spacetail:a%2Fb%40c@[::1]:1');
    t.strictSame(oursIn(variables, open).sort(), [...proxyNames].sort());
    t.end();
  },
);

void t.test('the API server of the pod’s cluster is not asked through the tailnet', (t) => {
  const env = { KUBERNETES_SERVICE_HOST: '10.96.0.1', NO_PROXY: 'corp.example' };
  const variables = proxyVariables(bridge, {}, env);
  t.equal(variables['NO_PROXY'], `10.96.0.1,${noProxy},corp.example`);
  t.ok(isOurs('NO_PROXY', variables['NO_PROXY'] ?? '', bridge));
  const later = { ...env, ...variables };
  t.equal(proxyVariables(bridge, {}, later)['NO_PROXY'], `10.96.0.1,${noProxy}`);
  t.equal(restoredValue('NO_PROXY', variables['NO_PROXY'] ?? '', undefined), 'corp.example');
  t.strictSame(savedProxyVariables(later, bridge), {
    NO_PROXY: 'corp.example',
    no_proxy: 'corp.example',
  });
  t.end();
});

void t.test('a variable that leads to our SOCKS listener is ours, whatever its name', (t) => {
  for (const name of ['HTTP_PROXY', 'https_proxy', 'ALL_PROXY'])
    for (const value of [
      'socks5://127.0.0.1:1080',
      'socks5h://localhost:1080/',
      'socks5://127.0.0.1',
    ])
      t.ok(isOurs(name, value, bridge), `${name}=${value}`);
  t.notOk(isOurs('HTTP_PROXY', 'http://127.0.0.1:1080', bridge));
  t.notOk(isOurs('HTTP_PROXY', 'socks5://127.0.0.1:9050', bridge));
  t.end();
});

void t.test("the user's NO_PROXY is merged, once each, without spaces and without *", (t) => {
  const variables = proxyVariables(
    bridge,
    { NO_PROXY: 'corp.example, 127.0.0.1', no_proxy: '10.0.0.0/8,*' },
    { NO_PROXY: 'late.example' },
  );
  t.equal(variables['NO_PROXY'], `${noProxy},corp.example,late.example,10.0.0.0/8`);
  t.end();
});

void t.test('what is ours is told from what is not, however it was written', (t) => {
  for (const value of [
    'http://127.0.0.1:8080',
    'http://127.0.0.1:8080/',
    '127.0.0.1:8080',
    'http://localhost:8080',
    'http://u:p@127.0.0.1:8080',
  ]) {
    t.ok(isOurs('HTTP_PROXY', value, bridge), value);
    t.ok(isOurs('https_proxy', value, bridge), value);
  }
  t.ok(isOurs('ALL_PROXY', 'socks5h://127.0.0.1:1080', bridge));
  t.ok(isOurs('ALL_PROXY', 'http://127.0.0.1:8080', bridge));
  t.ok(isOurs('NO_PROXY', noProxy, bridge));
  t.ok(isOurs('no_proxy', `${noProxy},x.example`, bridge));
  for (const [name, value] of [
    ['HTTP_PROXY', 'http://proxy.corp:8080'],
    ['HTTP_PROXY', 'http://127.0.0.1:3128'],
    ['HTTP_PROXY', ''],
    ['HTTP_PROXY', '::::'],
    ['NO_PROXY', 'localhost,127.0.0.1'],
    ['MY_PROXY', 'http://127.0.0.1:8080'],
  ] as const) {
    t.notOk(isOurs(name, value, bridge), `${name}=${value}`);
  }
  t.end();
});

void t.test('up saves what is the user’s own, and unset gives exactly that back', (t) => {
  const theirs = { HTTPS_PROXY: 'http://proxy.corp:3128', no_proxy: 'corp.example' };
  const saved = savedProxyVariables({ ...theirs, PATH: '/bin', http_proxy: '' }, bridge);
  t.strictSame(saved, theirs);
  const now = { ...theirs, ...proxyVariables(bridge, saved, theirs) };
  t.strictSame(restoringVariables(bridge, saved, now), {
    ...Object.fromEntries(proxyNames.map((name) => [name, undefined])),
    ...theirs,
  });
  const changed = { ...now, HTTP_PROXY: 'http://other:1' };
  t.notOk(
    'HTTP_PROXY' in restoringVariables(bridge, saved, changed),
    'one set since is left alone',
  );
  t.end();
});

void t.test('a later phase that inherits our variables saves none of them', (t) => {
  const inherited = proxyVariables(bridge, { NO_PROXY: 'corp.example' }, {});
  t.strictSame(savedProxyVariables(inherited, bridge), {
    NO_PROXY: 'corp.example',
    no_proxy: 'corp.example',
  });
  t.equal(
    restoredValue('NO_PROXY', inherited['NO_PROXY'] ?? '', undefined),
    'corp.example',
    'also after down',
  );
  t.equal(restoredValue('HTTP_PROXY', 'http://127.0.0.1:8080', undefined), undefined);
  t.equal(
    restoredValue('HTTP_PROXY', 'http://127.0.0.1:8080', { HTTP_PROXY: 'http://corp:1' }),
    'http://corp:1',
  );
  t.end();
});

void t.test('REQUEST_METHOD, which makes Go refuse HTTP_PROXY, is warned of', (t) => {
  t.match(proxyWarnings({ REQUEST_METHOD: 'GET' })[0], /REQUEST_METHOD/);
  t.strictSame(proxyWarnings({ REQUEST_METHOD: '' }), []);
  t.end();
});
