import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { hostAddresses } from '../../src/serve/host-addresses.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

void t.test(
  "regression: a resolv.conf with Tailscale's resolver alone was an API that does not answer",
  async (t) => {
    const path = join(tmpFolder(t), 'resolv.conf');
    const options = 'options timeout:1 attempts:1\n';
    writeFileSync(path, `nameserver 100.100.100.100\nnameserver fd7a:115c:a1e0::53\n${options}`);
    await t.rejects(hostAddresses('api.tailscale.test', undefined, path), {
      code: 'resolver_is_tailscale',
      message: /resolv\.conf names 100\.100\.100\.100 alone/,
    });
    writeFileSync(path, `nameserver 100.100.100.100\nnameserver 127.0.0.9\n${options}`);
    t.same(await hostAddresses('api.tailscale.test', undefined, path), []);
    t.same(await hostAddresses('127.1', undefined, path), ['127.0.0.1']);
  },
);
