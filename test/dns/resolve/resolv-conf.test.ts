import t from 'tap';
import { candidatesOf, parseResolvConf } from '../../../src/dns/resolve/resolv-conf.ts';

void t.test('servers, search list and options are read as glibc reads them', async (t) => {
  const conf = parseResolvConf(`
# a comment
; another
domain ignored.test
nameserver 10.0.0.2
nameserver fd00::2%eth0
nameserver junk
nameserver 127.0.0.1:5353
nameserver 10.0.0.9
search a.test B.Test. .
options ndots:5 timeout:1
options attempts:3 rotate ndots:2
`);
  t.same(conf, {
    servers: ['10.0.0.2', '[fd00::2]', '127.0.0.1:5353'],
    search: ['a.test', 'b.test'],
    ndots: 2,
    timeoutMs: 1000,
    attempts: 3,
  });
});

void t.test('what is absent or absurd has a sane value', async (t) => {
  t.same(parseResolvConf(''), {
    servers: ['127.0.0.1'],
    search: [],
    ndots: 1,
    timeoutMs: 1500,
    attempts: 2,
  });
  t.match(parseResolvConf('options ndots:999 timeout:0 attempts:0'), {
    ndots: 15,
    timeoutMs: 100,
    attempts: 1,
  });
  t.match(parseResolvConf('options ndots:x timeout: attempts:-1'), {
    ndots: 1,
    timeoutMs: 1500,
    attempts: 2,
  });
  t.same(parseResolvConf('search a.test\ndomain b.test').search, ['b.test'], 'the last counts');
});

void t.test('ndots decides whether the name itself is tried first', async (t) => {
  const conf = parseResolvConf('search ns.svc.cluster.local cluster.local\noptions ndots:2');
  t.same(candidatesOf('db', false, conf), ['db.ns.svc.cluster.local', 'db.cluster.local', 'db']);
  t.same(candidatesOf('db.ns', false, conf), [
    'db.ns.ns.svc.cluster.local',
    'db.ns.cluster.local',
    'db.ns',
  ]);
  t.same(candidatesOf('a.b.com', false, conf), [
    'a.b.com',
    'a.b.com.ns.svc.cluster.local',
    'a.b.com.cluster.local',
  ]);
  t.same(candidatesOf('db', true, conf), ['db'], 'a trailing dot ends the search');
});
