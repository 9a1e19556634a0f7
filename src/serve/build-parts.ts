import type { RuntimeFolder } from '../lifecycle/folder/runtime-folder.ts';
import type { SupervisorParts, SupervisorStatus } from '../lifecycle/run/supervisor-parts.ts';
import { inboundAllowed } from '../lifecycle/join/up-arguments.ts';
import type { Logger } from '../log.ts';
import { openAccessLog } from '../proxy/log/access-log.ts';
import { readyState } from '../proxy/decide/combine-tailnets.ts';
import { createClientLookup, noClientLookup } from '../proxy/client-process/client-process.ts';
import { matchesDirect } from '../proxy/policy/direct-hosts.ts';
import { createMetrics } from '../proxy/metrics/metrics.ts';
import { createPages } from '../proxy/pages/pages.ts';
import { proxyToken } from '../proxy/inbound/proxy-token.ts';
import { RequestFeed } from '../proxy/pages/request-feed.ts';
import type { RequestRecord } from '../proxy/core/request-record.ts';
import { parseRules } from '../proxy/policy/rules.ts';
import { createBridge } from '../proxy/bridge.ts';
import { lostLines } from '../report/format.ts';
import { createRunRecord } from '../report/run-record.ts';
import { createAttachedNetworks } from './attached-networks.ts';
import { closesOneWay } from './closes-one-way.ts';
import { adaptBridge } from './bridge-adapter.ts';
import { obtainKeyOf } from './obtain-key.ts';
import { createMembers } from './members.ts';
import { operationsOf } from './operations.ts';
import { overviewOf } from './overview.ts';
import { policyOf, tailnetNames } from './policy.ts';
import { readiness, warningsOf } from './readiness.ts';
import type { RunPlan } from './run-plan.ts';
import { type Counters, statusDocument } from './status.ts';
import { tellOfNetmap } from './netmap-news.ts';
import { upstreamOf } from './upstream.ts';
import { writeLastRun } from './last-run.ts';

export interface BuildContext {
  readonly logger: Logger;
  readonly env: NodeJS.ProcessEnv;
  readonly stop: AbortSignal;
  /** What the supervisor itself knows, at any time. */
  readonly core: () => SupervisorStatus;
}

/** Called once the runtime folder is this run's alone. @throws SpacetailError */
export async function buildParts(
  folder: RuntimeFolder,
  plan: RunPlan,
  context: BuildContext,
): Promise<SupervisorParts> {
  const { config } = plan;
  const { logger } = context;
  const isDirect = matchesDirect(parseRules(config.direct));
  const upstreamProxy = upstreamOf(config.upstreamProxy);
  // The upstream proxy's own name is never a name of the tailnet: it is sent a password.
  const isSystems = (name: string): boolean => isDirect(name) || name === upstreamProxy?.host;
  const members = createMembers(config, folder, { ...context, isDirect: isSystems });
  const { list, tailnet, resolver } = members;
  const policy = await policyOf(plan, { logger, resolver, signal: context.stop });
  const accessLog = await openAccessLog({ path: folder.accessLog });
  const feed = new RequestFeed();
  const run = createRunRecord({
    startedMs: Date.now(),
    runId: plan.runId ?? null,
    policyMode: policy.mode,
  });
  const counters = (): Counters => {
    const { requests, openTunnels } = bridge.counters();
    const { denied, errors } = run.totals();
    return { requests, denied, errors, openTunnels };
  };
  const report = () => run.snapshot(Date.now(), accessLog.dropped());
  const warnings = () => [...warningsOf(members, policy), ...lostLines(accessLog.dropped())];
  const restarts = (): number =>
    context.core().tailnets.reduce((sum, one) => sum + one.tailscaled.restarts, 0);
  const preconnect = { rules: parseRules(config.preconnect, tailnetNames(config)) };
  const metrics = createMetrics({
    spares: preconnect.rules.length > 0 ? () => bridge.spares() : undefined,
    hasTailnets: list.length > 1,
    openTunnels: () => bridge.counters().openTunnels,
    tailscaledRestarts: restarts,
    logLinesDropped: () => accessLog.dropped(),
  });
  const pages = createPages({
    token: proxyToken(config.proxyToken),
    feed,
    metrics,
    listeners: () => ({
      http: bridge.addresses().http ?? config.http,
      socks5: bridge.addresses().socks,
    }),
    overview: () =>
      overviewOf({
        members,
        policy,
        counters: counters(),
        restarts: restarts(),
        warnings: warnings(),
      }),
    health: () => ({ isWell: true, detail: 'ok' }),
    readiness: () => {
      const state = readyState(tailnet);
      return state.kind === 'running'
        ? { isWell: true, detail: 'ready' }
        : { isWell: false, detail: state.detail };
    },
  });
  const clients = config.clientProcess ? createClientLookup() : noClientLookup;
  const activity = { lastMs: Date.now() };
  const bridge = createBridge({
    http: config.http,
    socks: config.socks5,
    tailnet,
    resolver,
    policy,
    isDirect,
    clientOf: (socket) => {
      activity.lastMs = Date.now();
      return clients.clientOf(socket);
    },
    record: (record: RequestRecord) => {
      activity.lastMs = Date.now();
      accessLog.write(record);
      metrics.observe(record);
      feed.publish(record);
      run.add(record);
    },
    pages: (request, response) => pages.handle(request, response),
    attachedNetworks: createAttachedNetworks((sentence) => logger.warn({}, sentence)),
    holdClientFin: () => list.some(({ view }) => !closesOneWay(view.summary()?.version ?? '')),
    preconnect,
    upstreamProxy,
    caFile: context.env['SSL_CERT_FILE'],
    proxyToken: config.proxyToken,
    connectTimeoutMs: config.connectTimeoutMs,
    readyTimeoutMs: config.upTimeoutMs,
    guardInbound: config.tailnets.some((one) => inboundAllowed(one.tailnet.upArgs)),
    trace: config.trace ? accessLog.trace : undefined,
  });
  for (const { view, ...adapter } of list) {
    tellOfNetmap(view, adapter, bridge);
    view.start();
  }
  return {
    bridge: adaptBridge(bridge, pages, activity),
    readiness: (_, signal, name) => readiness(members, name, policy, signal),
    obtainKey: obtainKeyOf(plan),
    tailnetChanged(state, name) {
      const named = name === '' ? {} : { tailnet: name };
      if (state.kind === 'down')
        logger.warn({ code: state.error.code, ...named }, state.error.message);
      members.of(name).changed(state);
    },
    status(core) {
      return statusDocument(core, {
        members,
        counters: counters(),
        policyMode: policy.mode,
        warnings: warnings(),
      });
    },
    operations: operationsOf({ bridge, report }),
    async finish() {
      // What the disk does not take now is lost too, and the report says so.
      await Promise.all([accessLog.close(), ...list.map(({ view }) => view.close())]);
      const snapshot = report();
      for (const warning of lostLines(accessLog.dropped())) logger.warn({}, warning);
      await writeLastRun(folder, snapshot);
      metrics.close();
      return snapshot;
    },
  };
}
