/** A tailscaled of many peers that change all the time: `busy-tailscaled.ts FOLDER PEERS`, in a process of its own. */
import { startFakeLocalApi } from '../../support/fake-local-api.ts';
import { largeStatus, peerDocument, type PeerDocument } from '../../support/netmap.ts';
import { TICK_EVERY_MS } from './measured.ts';

const [folder = '', peersText] = process.argv.slice(2);
const peers = Number(peersText);

const fake = await startFakeLocalApi(folder);
const document = largeStatus(peers, peers >> 1);
const answer = (more: Record<string, PeerDocument>) =>
  fake.answer(
    'status',
    JSON.stringify({ ...document, Peer: { ...(document['Peer'] as object), ...more } }),
  );
answer({});
fake.answer('prefs', { RouteAll: true, CorpDNS: true });
fake.answer('dns-config', {});
const line = { PeersChanged: [peerDocument(1)] };
setInterval(() => fake.notify(line), TICK_EVERY_MS);
process.on('message', () => {
  answer({ 'nodekey:late': peerDocument(peers + 1, { DNSName: 'late.tail1234.ts.net.' }) });
  fake.notify(line);
  process.send?.('joined');
});
process.send?.('ready');
