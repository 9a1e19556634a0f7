import '../tailnet/inside.ts';
import { startTailnet } from '../tailnet/tailnet.ts';
import { TailnetView } from '../../src/dns/tailnet-view.ts';
const tn = await startTailnet({ report: (l: string) => console.error(l) });
console.log('up', tn.facts.startedInMs);
const node = await tn.joinNode('ci', { up: ['--accept-routes', '--accept-dns=true'] });
const f = { socket: node.socket, addresses: await node.addresses() };
console.log(f);
const socket = f.socket;
const log = { debug() {}, warn(o: object, m: string) { console.log('WARN', m); } };
const view = new TailnetView({ socketPath: socket, cli: { path: tn.facts.tools.tailscale, env: {} }, acceptDns: true, direct: () => false, log });
const t0 = performance.now(); setTimeout(()=>0, 0);
view.start();
await view.until(() => view.state().kind === 'running', AbortSignal.timeout(10000));
console.log('running in', performance.now() - t0, view.state(), view.suffix(), view.self(), view.warnings(), view.summary());
console.log(JSON.stringify(await view.localApi.dnsConfig(AbortSignal.timeout(1000)), (k, v) => v instanceof Set ? [...v] : v));
console.log(JSON.stringify(await view.localApi.netmapDnsConfig(AbortSignal.timeout(1000)), (k, v) => v instanceof Set ? [...v] : v));
console.log(await view.localApi.prefs(AbortSignal.timeout(1000)));
for (const n of ['web', 'WEB.tail.test.', 'web.tail.test', 'offline', 'nope.tail.test', 'wbe', 'a.apps.test', 'aaaa.apps.test', 'plain.apps.test', 'wiki.corp.test', 'wiki6.corp.test', 'alias.corp.test', 'wiki', 'subnet.corp.test', 'nope.corp.test', 'wiki.lab.test', '198-51-100-80-via-7', '198-51-100-80-via-7.tail.test', 'public.test', 'www.public.test', 'silent.test', 'servfail.test', 'nope.test', 'localhost', '0x7f.1', '::1', '1.2.3.999', 'ci', 'x.ts.net']) {
  const t = performance.now();
  const r = await view.resolve(n, AbortSignal.timeout(9000));
  console.log(n, (performance.now() - t).toFixed(1), JSON.stringify(r));
}
for (const ip of ['198.51.100.80', 'fd7a:115c:a1e0:b1a:0:7:c633:6450', '100.64.0.200', '100.100.100.100', '8.8.8.8', f.addresses[0]]) console.log(ip, JSON.stringify(view.ownerOf(ip)));
const web = view.peerNamed('web')!; const off = view.peerNamed('offline')!;
for (const [ip, port] of [[web.addresses[0], 80], [web.addresses[0], 1], [off.addresses[0], 80], ['198.51.100.80', 80], ['198.51.100.80', 1], ['203.0.113.80', 80]] as const) {
  const t = performance.now();
  console.log(ip, port, JSON.stringify(await view.diagnose(ip!, port, AbortSignal.timeout(5000))), (performance.now() - t).toFixed(0));
}
console.log(await view.ping(web.addresses[0]!, AbortSignal.timeout(2000)));
console.log('system', tn.systemQuestions().map?.((q: any) => JSON.stringify(q)).join(' '));

console.log(process.cpuUsage());
// route + dns prefs
const set = async (...a: string[]) => { const r = await node.tailscale(['set', ...a]); if (r.code) console.log(r); };
const until = async (w: () => boolean) => { const t = performance.now(); await view.until(w, AbortSignal.timeout(8000)); return (performance.now() - t).toFixed(0); };
await set('--accept-routes=false'); console.log('routes off', await until(() => { const o = view.ownerOf('198.51.100.80'); return o?.kind === 'subnet' && !o.accepted; }), JSON.stringify(view.warnings()));
await set('--accept-routes=true', '--accept-dns=false'); console.log('dns off', await until(() => view.warnings().some((w) => w.includes('split DNS is off'))), view.warnings());
console.log(JSON.stringify(await view.resolve('wiki.corp.test', AbortSignal.timeout(6000))));
await set('--accept-dns=true', '--exit-node=router'); console.log('exit', await until(() => view.exitNode() !== undefined), view.exitNode());
console.log(JSON.stringify(await view.resolve('public.test', AbortSignal.timeout(6000))), JSON.stringify(await view.resolve('wiki.corp.test', AbortSignal.timeout(6000))));
await node.kill(); console.log('killed', await until(() => view.state().kind === 'down'), view.state());
for (const n of ['web', 'nope.tail.test', 'wiki.corp.test', 'public.test', 'x.ts.net', '198-51-100-80-via-7']) console.log(n, JSON.stringify(await view.resolve(n, AbortSignal.timeout(6000))));
await node.start(); console.log('restarted', await until(() => view.state().kind === 'running'), view.self()?.addresses, view.exitNode());
console.log(JSON.stringify(await view.resolve('public.test', AbortSignal.timeout(6000))), JSON.stringify(await view.resolve('wiki.corp.test', AbortSignal.timeout(6000))));
const t1 = performance.now();
const late = await tn.joinNode('late');
console.log('join took', performance.now() - t1);
await view.until(() => view.peerNamed('late') !== undefined, AbortSignal.timeout(5000));
console.log('late seen', performance.now() - t1, view.peerNamed('late'));
console.log(process.cpuUsage());
await view.close();
await tn.stop();
process.exit(0);
