import t from 'tap';
import { tellingLines, troubleIn } from '../../../src/lifecycle/join/control-server.ts';

void t.test('what keeps tailscaled from its control server is read from its log', async (t) => {
  const at = '2026/12/01 01:24:30 ';
  const cases: [line: string, server: string, reason: string][] = [
    [
      'Received error: fetch control key: Get "http://127.0.0.1:1/key?v=142": dial tcp 127.0.0.1:1: connect: connection refused',
      'http://127.0.0.1:1',
      'connection refused (127.0.0.1:1)',
    ],
    [
      'Received error: fetch control key: Get "https://hs.example:8443/key?v=142": dial tcp 192.0.2.7:8443: i/o timeout',
      'https://hs.example:8443',
      'i/o timeout (192.0.2.7:8443)',
    ],
    [
      'control: bootstrapDNS("derp8c.tailscale.com", "206.189.16.32") for "nowhere.invalid" error: Get "https://derp8c.tailscale.com/bootstrap-dns?q=nowhere.invalid": context deadline exceeded',
      'nowhere.invalid',
      'its name does not resolve',
    ],
  ];
  for (const [line, server, reason] of cases) t.same(troubleIn(at + line), { server, reason });
  t.equal(troubleIn(`${at}Received error: register request: http 401: invalid key`), undefined);
});

void t.test('of its last lines those are quoted that tell why', async (t) => {
  const telling = ['fatal: the disk is made of cheese', 'wgengine: cannot bind port 41641'];
  const noise = [
    'control: client.Shutdown ...',
    'ipnext: work queue shutdown failed: execqueue shut down',
    'health(warnable=warming-up): error: Tailscale is starting. Please wait.',
    'flushing log.',
    'logger closing down',
  ];
  t.same(tellingLines([...telling, ...noise]), telling);
});
