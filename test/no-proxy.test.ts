import * as fc from 'fast-check';
import t from 'tap';
import { noProxyOf } from '../src/no-proxy.ts';

void t.test('each form of entry, as Go reads it', async (t) => {
  for (const [entry, host, ip, isBypassed] of [
    ['*', 'a.example', undefined, true],
    ['a.example', 'a.example', undefined, true],
    ['a.example', 'A.example.', undefined, true],
    ['a.example', 'b.a.example', undefined, true],
    ['a.example', 'aa.example', undefined, false],
    ['a.example:8443', 'a.example', undefined, true],
    ['.a.example', 'b.a.example', undefined, true],
    ['.a.example', 'a.example', undefined, false],
    ['*.a.example', 'a.example', undefined, false],
    ['*.a.example', 'b.a.example', undefined, true],
    ['10.1.2.3', '10.1.2.3', undefined, true],
    ['10.1.2.3', 'db.corp.example', '10.1.2.3', true],
    ['10.1.2.3:443', '10.1.2.3', '10.1.2.3', true],
    ['10.0.0.0/8', 'db.corp.example', '10.9.9.9', true],
    ['10.0.0.0/8', '10.9.9.9', undefined, true],
    ['10.0.0.0/8', 'db.corp.example', '11.0.0.1', false],
    ['10.0.0.0/8', 'db.corp.example', undefined, false],
    ['fd00::/8', '[fd00::1]', undefined, true],
    ['::1', '::1', '::1', true],
    ['[::1]:80', '::1', undefined, true],
    ['10.0.0.0/33', '10.0.0.1', '10.0.0.1', false],
    ['10.0.0.0/', '10.0.0.1', '10.0.0.1', false],
  ] as [string, string, string | undefined, boolean][]) {
    t.equal(noProxyOf([entry])(host, ip), isBypassed, `${entry} and ${host} ${ip ?? ''}`);
  }
  t.equal(noProxyOf([])('a.example', '10.0.0.1'), false);
  t.equal(noProxyOf(['x.example', '10.0.0.0/8'])('a.example', '10.0.0.1'), true);
});

void t.test('any text is an entry', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.string(), (entries, host) => {
      return typeof noProxyOf(entries)(host) === 'boolean';
    }),
  );
  t.pass('none threw');
});
