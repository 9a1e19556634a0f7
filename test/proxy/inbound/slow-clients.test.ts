/** A suite that others wrote: slowhttptest's slow headers, bodies and reads, all of it through the bridge. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { startBridge } from '../../support/bridge.ts';
import { run } from '../../support/run.ts';

const attacks = {
  'slow headers (Slowloris)': ['-H', '-i', '1'],
  'slow bodies (R-U-Dead-Yet)': ['-B', '-i', '1', '-s', '8192'],
  'slow reads of a long response': ['-X', '-n', '1', '-w', '10', '-y', '20', '-z', '5'],
};

for (const [name, flags] of Object.entries(attacks)) {
  void t.test(`slowhttptest: ${name} by 200 clients keep no other waiting`, async (t) => {
    const origin = createServer((request, response) => {
      request.resume();
      response.end(Buffer.alloc(1 << 20));
    }).listen(0, '127.0.0.1');
    await once(origin, 'listening');
    t.teardown(() => {
      origin.closeAllConnections();
      origin.close();
    });
    const { httpPort, bridge } = await startBridge(t, { headerTimeoutMs: 3000 });
    const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}/`;
    const proxy = `127.0.0.1:${httpPort}`;
    const { code, stdout } = await run('slowhttptest', [
      ...flags,
      '-u',
      url,
      '-d',
      proxy,
      '-c',
      '200',
      '-r',
      '200',
      '-l',
      '6',
      '-p',
      '3',
    ]);
    const plain = stdout.replaceAll(/\p{Cc}\[[\d;]*m/gu, '');
    t.equal(code, 0, plain);
    t.match(plain, /service available: *YES/u);
    t.notMatch(plain, /service available: *NO/u);
    t.ok(bridge.counters().requests >= 1, 'probes were forwarded');
  });
}
