import t from 'tap';
import { addressOf } from '../../src/ip/addresses.ts';
import { prefixOf } from '../../src/ip/prefixes.ts';
import {
  carriedIPv4,
  credentialEndpoints,
  isHostOnly,
  isInTailnetRange,
  isMetadataEndpoint,
  isNobodysInTailnet,
  isPrivate,
  isTailnetRange,
  specialRange,
} from '../../src/ip/special-ranges.ts';

const why = (ip: string): string | undefined => specialRange(addressOf(ip))?.why;

void t.test('a special address is told with its reason, whatever carries it', async (t) => {
  t.equal(why('127.3.2.1'), 'is a loopback address');
  t.match(why('64:ff9b::a9fe:a9fe'), /carries 169\.254\.169\.254 \(NAT64\), .* metadata/);
  t.match(why('64:ff9b:1::7f00:1'), /NAT64/);
  t.match(why('fd7a:115c:a1e0:b1a:0:7:7f00:1'), /carries 127\.0\.0\.1 \(4via6\)/);
  t.match(why('::127.0.0.1'), /IPv4-compatible/);
  t.match(why('::ffff:0:127.0.0.1'), /IPv4-translated/);
});

void t.test('ordinary addresses are not special', async (t) => {
  for (const ip of [
    '1.1.1.1',
    '10.0.0.1',
    '100.64.0.7',
    '192.168.1.1',
    '128.0.0.1',
    '223.255.255.255',
  ]) {
    t.equal(why(ip), undefined, ip);
  }
  for (const ip of [
    '2001:db8::1',
    'fd7a:115c:a1e0::7',
    'fd00::1',
    'fec0::1',
    '64:ff9b::a00:1',
    '::2:0:0:1',
  ]) {
    t.equal(why(ip), undefined, ip);
  }
});

void t.test('a credential endpoint is one only when it is written exactly so', async (t) => {
  for (const host of [
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
    '[fd00:ec2::254]',
    '[fd00:ec2::23]',
  ]) {
    t.ok(isMetadataEndpoint(host), host);
  }
  for (const host of [
    '0xa9fea9fe',
    '169.254.43518',
    '169.254.169.254.',
    '::ffff:169.254.169.254',
    'fd00:ec2:0::254',
  ]) {
    t.notOk(isMetadataEndpoint(host), host);
  }
});

void t.test('the metadata services of all clouds are special, over IPv6 too', async (t) => {
  for (const ip of [
    '169.254.169.254',
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    'fd00:ec2::254',
    'fd00:ec2::23',
    'fd20:ce::254',
    'fd00:42::42',
    'fd00:c1::a9fe:a9fe',
    'fd00:a9fe:a9fe::1',
    'fd00:100::100:200',
  ]) {
    t.match(why(ip), /service|endpoint/, ip);
  }
});

void t.test('a special range is told in the form that the address is written in', async (t) => {
  t.equal(specialRange(addressOf('127.1.2.3'))?.prefix.text, '127.0.0.0/8');
  t.equal(specialRange(addressOf('64:ff9b::7f01:203'))?.prefix.text, '64:ff9b::7f00:0/104');
});

void t.test('what an IPv6 address carries is told with its translation', async (t) => {
  const carried = carriedIPv4(addressOf('fd7a:115c:a1e0:b1a:0:7:a01:203'));
  t.same(carried, { address: addressOf('10.1.2.3'), name: '4via6' });
  t.equal(carriedIPv4(addressOf('fd7a:115c:a1e0::7')), undefined);
  t.equal(carriedIPv4(addressOf('10.1.2.3')), undefined);
});

void t.test('the host network alone leads to the machine, its link and its cloud', async (t) => {
  for (const ip of [
    '127.0.0.1',
    '0.0.0.0',
    '169.254.1.1',
    '::1',
    'fe80::1',
    'fd00:ec2::254',
    '168.63.129.16',
  ])
    t.ok(isHostOnly(addressOf(ip)), ip);
  for (const ip of [
    '10.0.0.1',
    '100.64.0.1',
    '100.100.100.100',
    '100.100.100.200',
    '1.1.1.1',
    'fd00::1',
  ])
    t.notOk(isHostOnly(addressOf(ip)), ip);
});

void t.test("the tailnet's range, and what in it no node can have", async (t) => {
  t.ok(isTailnetRange(addressOf('100.127.255.255')));
  t.ok(isTailnetRange(addressOf('fd7a:115c:a1e0::53')));
  t.notOk(isTailnetRange(addressOf('100.128.0.0')));
  t.ok(isInTailnetRange(prefixOf('100.64.0.0/16')));
  t.notOk(isInTailnetRange(prefixOf('100.0.0.0/8')));
  for (const ip of ['100.100.100.100', '127.0.0.1', '240.0.0.1', '::7', 'ff02::1', 'fd00:ec2::23'])
    t.ok(isNobodysInTailnet(addressOf(ip)), ip);
  for (const ip of ['100.64.0.1', '10.0.0.1', '1.1.1.1', 'fd7a:115c:a1e0::7'])
    t.notOk(isNobodysInTailnet(addressOf(ip)), ip);
});

void t.test('private networks, and the shared address space', async (t) => {
  for (const ip of ['10.0.0.1', '172.31.0.1', '192.168.0.1', '100.64.0.1', 'fd00::1'])
    t.ok(isPrivate(ip), ip);
  for (const ip of ['172.32.0.1', '1.1.1.1', '2001:db8::1', 'fe80::1']) t.notOk(isPrivate(ip), ip);
});

void t.test('programs are told to ask the credential endpoints without the proxy', async (t) => {
  t.same(credentialEndpoints, [
    '169.254.169.254',
    '169.254.170.2',
    '169.254.170.23',
    'fd00:ec2::254',
    'fd00:ec2::23',
  ]);
});
