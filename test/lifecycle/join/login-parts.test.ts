import t from 'tap';
import { loginPartOf } from '../../../src/lifecycle/join/login-parts.ts';

void t.test('the lines of a tailscaled that joins tell how far it has come', (t) => {
  const lines = `
2026/11/26 11:59:59 control: RegisterReq: onode= node=[h/AS8] fup=false nks=false
2026/11/26 11:59:59 control: RegisterReq: got response; nodeKeyExpired=false, machineAuthorized=true; authURL=false
2026/11/26 12:00:00 Switching ipn state NeedsLogin -> Starting (WantRunning=true, nm=true)
2026/11/26 12:00:00 magicsock: home is now derp-900 (test)
2026/11/26 12:00:00 derphttp.Client.Connect: connecting to derp-900 (test)
2026/11/26 12:00:00 Switching ipn state Starting -> Running (WantRunning=true, nm=true)
2026/11/26 12:00:00 control: NetInfo: NetInfo{varies=false derp=#900 portmap= link="" firewallmode=""}
2026/11/26 12:00:00 magicsock: derp-900 connected; connGen=1`.split('\n');
  t.same(
    lines.flatMap((line) => loginPartOf(line) ?? []),
    [
      'registration sent',
      'registered',
      'first netmap',
      'netcheck done',
      'DERP dialled',
      'running',
      'DERP connected',
    ],
  );
  t.end();
});
