import t from 'tap';
import { splitRules } from '../../../src/config/rule-text.ts';
import { compilePolicy } from '../../../src/proxy/policy/policy.ts';
import { rawClient, startBridge } from '../../support/bridge.ts';
import { fakeResolver } from '../../support/fake-resolver.ts';
import { fakeTailnet } from '../../support/fake-tailnet.ts';

const connectTo = (target: string): string => `CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`;

void t.test('a name that the policy denies is not told to the resolver, and says so', async (t) => {
  const tailnet = fakeTailnet(undefined);
  const resolver = fakeResolver(tailnet, { 'fine.example': ['203.0.113.9'] });
  const { bridge, httpPort, record } = await startBridge(t, {
    tailnet,
    resolver,
    allow: 'fine.example:443 tag:db:5432',
    deny: 'secret.example',
    allowLocal: '',
  });
  for (const [at, host] of ['secret.example', 'elsewhere.example', 'old.tail1.ts.net'].entries()) {
    const client = await rawClient(httpPort, connectTo(`${host}:443`));
    t.match(await client.rest(), /^HTTP\/1\.1 403 .*is denied/su, host);
    t.match(await record(at), { host, policy: { decision: 'deny' }, dnsMs: null, ip: null });
  }
  t.match(await record(0), { route: 'direct', policy: { rule: /SPACETAIL_DENY\[0\]/u } });
  t.match(await record(2), { route: 'tailnet' });
  const inspected = await bridge.inspect(
    { written: 'secret.example', host: 'secret.example', port: 443 },
    { dial: true, resolve: false, signal: AbortSignal.timeout(20_000) },
  );
  t.match(inspected, { resolution: undefined, decision: { kind: 'refuse' }, dial: undefined });
  t.same(resolver.asked, []);
  const asked = await bridge.inspect(
    { written: 'secret.example', host: 'secret.example', port: 443 },
    { dial: false, resolve: true, signal: AbortSignal.timeout(20_000) },
  );
  t.match(asked.resolution, { kind: 'not_found' });
});

void t.test(
  'a name that does not exist is would_deny where a rule forbids it by name',
  async (t) => {
    const deny = splitRules('gone.example', 'SPACETAIL_DENY');
    const policy = compilePolicy({
      mode: 'report',
      metadata: undefined,
      allow: [],
      deny,
      allowLocal: [],
    });
    const { httpPort, record } = await startBridge(t, { policy });
    for (const [at, [host, decision]] of [
      ['gone.example', 'would_deny'],
      ['typo.example', 'allow'],
    ].entries()) {
      const client = await rawClient(httpPort, connectTo(`${host}:443`));
      t.match(await client.rest(), /^HTTP\/1\.1 502 /u);
      t.match(await record(at), { error: 'dns_error', policy: { decision, mode: 'report' } });
    }
  },
);
