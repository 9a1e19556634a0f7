import t from 'tap';
import { rawClient, startBridge } from '../../support/bridge.ts';

void t.test('an upgrade to a denied target is 403', async (t) => {
  const { httpPort, record } = await startBridge(t, {
    deny: 'denied.example',
    names: { 'denied.example': ['203.0.113.1'] },
  });
  const denied = await rawClient(
    httpPort,
    'GET ws://denied.example/chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  await denied.until(/^HTTP\/1\.1 403 [^]*error=http_request_denied/u);
  t.match(await record(), { status: 403, policy: { decision: 'deny' } });
  denied.socket.destroy();
});
