import t from 'tap';
import { createAttachedNetworks } from '../../src/serve/attached-networks.ts';

void t.test('a sandbox that does not tell its interfaces has none, and one warning', async (t) => {
  const warnings: string[] = [];
  const networks = createAttachedNetworks(
    (sentence) => warnings.push(sentence),
    () => {
      throw new Error('uv_interface_addresses returned EACCES');
    },
  );
  t.same(networks(), []);
  t.same(networks(), []);
  t.match(warnings, [/own networks are not known \(uv_interface_addresses returned EACCES\)/]);
});
