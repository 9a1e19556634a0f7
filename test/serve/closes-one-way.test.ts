import t from 'tap';
import { closesOneWay } from '../../src/serve/closes-one-way.ts';

void t.test('the end of a client is held for a tailscaled that closes both ways', async (t) => {
  for (const version of ['1.102.5', '1.103.52-t0123456-g0123456', '1.76.0', '', 'fake'])
    t.equal(closesOneWay(version), false, version);
  for (const version of ['1.104.0', '1.104.1-tabc-gdef', '1.106.2', '1.130.0'])
    t.equal(closesOneWay(version), true, version);
});
