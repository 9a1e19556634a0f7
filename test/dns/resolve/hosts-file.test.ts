import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { HostsFile, parseHosts } from '../../../src/dns/resolve/hosts-file.ts';

void t.test('each line of a name counts, IPv4 first, comments do not', async (t) => {
  const hosts = parseHosts(
    '::1 box\r\n10.0.0.1 Box.Example. box # 10.9.9.9 box\n10.0.0.2\tbox\njunk box\n# 10.3.3.3 box\n10.0.0.1 box\n',
  );
  t.same(hosts.get('box'), ['10.0.0.1', '10.0.0.2', '::1']);
  t.same(hosts.get('box.example'), ['10.0.0.1']);
  t.equal(hosts.size, 2);
});

void t.test('a changed file is read again, an absent one is empty', async (t) => {
  const path = join(t.testdir(), 'hosts');
  const hosts = new HostsFile(path);
  t.equal(hosts.lookup('db'), undefined);
  writeFileSync(path, '10.0.0.1 db\n');
  t.same(hosts.lookup('db'), ['10.0.0.1']);
  writeFileSync(path, '10.0.0.22 db\n');
  t.same(hosts.lookup('db'), ['10.0.0.22']);
  rmSync(path);
  t.equal(hosts.lookup('db'), undefined);
});

void t.test('localhost is loopback whatever the file says', async (t) => {
  const path = join(t.testdir({ hosts: '10.0.0.1 localhost\n' }), 'hosts');
  const hosts = new HostsFile(path);
  t.same(hosts.lookup('localhost'), ['127.0.0.1', '::1']);
  t.same(hosts.lookup('a.localhost'), ['127.0.0.1', '::1']);
});
