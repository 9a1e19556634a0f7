/** A bridge in a process of its own, as a run has it but for the tailnet, that is told what it shall do from now on. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { openAccessLog } from '../../../src/proxy/log/access-log.ts';
import {
  createClientLookup,
  noClientLookup,
} from '../../../src/proxy/client-process/client-process.ts';
import { createMetrics } from '../../../src/proxy/metrics/metrics.ts';
import { compilePolicy } from '../../../src/proxy/policy/policy.ts';
import type { Policy } from '../../../src/proxy/policy/policy.ts';
import { RequestFeed } from '../../../src/proxy/pages/request-feed.ts';
import type { RequestRecord } from '../../../src/proxy/core/request-record.ts';
import { createBridge } from '../../../src/proxy/bridge.ts';
import { createRunRecord } from '../../../src/report/run-record.ts';
import { fakeResolver } from '../../support/fake-resolver.ts';
import { fakeTailnet } from '../../support/fake-tailnet.ts';
import { manyRules } from '../many-rules.ts';
import type { RequestKind } from './request-kinds.ts';

const verdict = {
  decision: 'allow',
  rule: null,
  reason: '',
  error: 'http_request_denied',
  hint: '',
} as const;

/** More than most runs have. A thousand are in the row of decisions. */
const rules = 20;

function wholePolicy(): Policy {
  return compilePolicy({
    mode: undefined,
    allow: manyRules('', rules).concat({ text: '127.0.0.1', place: 'last' }),
    deny: manyRules('tailnet:', rules),
    allowLocal: [],
    metadata: undefined,
  });
}

const folder = mkdtempSync(`${tmpdir()}/st-`);
let kind: RequestKind = 'whole';
const accessLog = await openAccessLog({ path: `${folder}/access.log` });
const metrics = createMetrics({
  openTunnels: () => 0,
  tailscaledRestarts: () => 0,
  logLinesDropped: () => accessLog.dropped(),
});
const feed = new RequestFeed();
const run = createRunRecord({ startedMs: Date.now(), runId: null, policyMode: 'enforce' });
const recordRequest = (record: RequestRecord): void => {
  if (kind === 'bare') return;
  accessLog.write(record);
  metrics.observe(record);
  if (kind === 'whole') return;
  feed.publish(record);
  run.add(record);
};
const lookup = createClientLookup();
const whole = wholePolicy();
const policy: Policy = {
  ...whole,
  judge: (target) => (kind === 'bare' ? verdict : whole.judge(target)),
  judgeName: (target) => (kind === 'bare' ? undefined : whole.judgeName(target)),
};
const tailnet = fakeTailnet(undefined);
const bridge = createBridge({
  http: { host: '127.0.0.1', port: 0 },
  socks: undefined,
  tailnet,
  resolver: fakeResolver(tailnet),
  policy,
  clientOf: (socket) => (kind === 'looking' ? lookup : noClientLookup).clientOf(socket),
  record: recordRequest,
  pages: (_, response) => response.end(),
  attachedNetworks: () => [],
});
await bridge.listen();
process.on('message', (told: RequestKind) => {
  kind = told;
  process.send?.(kind);
});
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit();
});
process.send?.(bridge.addresses().http?.port);
