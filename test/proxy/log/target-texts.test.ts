import t from 'tap';
import { TargetTexts } from '../../../src/proxy/log/target-texts.ts';
import type { RequestRecord } from '../../../src/proxy/core/request-record.ts';
import { requestRecord } from '../../support/request-record.ts';

const record = requestRecord({
  proto: 'http',
  method: 'GET',
  host: 'db',
  port: 80,
  ip: '100.64.0.1',
  client: { pid: 1, exe: '/bin/curl', provider: null },
});

const { policy } = record;
const others: Record<string, Partial<RequestRecord>> = {
  proto: { proto: 'connect' },
  method: { method: 'PUT' },
  port: { port: 81 },
  'the source of the name': { nameSource: 'literal' },
  'no source': { nameSource: null },
  address: { ip: '100.64.0.2' },
  'no address': { ip: null },
  peer: { peer: null },
  tailnet: { tailnet: 'prod' },
  route: { route: 'direct' },
  decision: { policy: { ...policy, decision: 'deny' } },
  rule: { policy: { ...policy, rule: 'db (SPACETAIL_DENY[0])' } },
  mode: { policy: { ...policy, mode: 'learn' } },
  'no client': { client: null },
  pid: { client: { pid: 2, exe: '/bin/curl', provider: null } },
  executable: { client: { pid: 1, exe: '/bin/wget', provider: null } },
  provider: { client: { pid: 1, exe: '/bin/curl', provider: 'terraform-provider-x' } },
  status: { status: 502 },
  error: { error: 'connection_refused' },
};

for (const [what, different] of Object.entries(others)) {
  void t.test(`a request of another ${what} has a text of its own`, (t) => {
    const texts = new TargetTexts();
    const before = texts.of(record);
    const other = texts.of({ ...record, ...different });
    t.not(other, before);
    t.equal(other, new TargetTexts().of({ ...record, ...different }));
    t.equal(texts.of(record), before);
    t.end();
  });
}

void t.test('more hosts than are kept', (t) => {
  const texts = new TargetTexts();
  for (let at = 0; at < 1000; at += 1) {
    const { host } = JSON.parse(`{${texts.of({ ...record, host: `h${at % 400}` })}}`);
    if (host !== `h${at % 400}`) t.fail(`${host} for h${at % 400}`);
  }
  t.pass('each has its own');
  t.end();
});
