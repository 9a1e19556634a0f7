/**
 * Which tests `make test` runs a second time with SPACETAIL_TEST_IDLE=1: each run then joins a second tailnet of
 * which nothing is asked. Every file that starts runs is in one of the two lists.
 */
export const besideIdle: readonly string[] = [
  'test/integration/main-job.test.ts',
  'test/integration/names.test.ts',
  'test/integration/no-wait.test.ts',
  'test/integration/one-time-key.test.ts',
  'test/integration/policy.test.ts',
  'test/integration/preconnect.test.ts',
  'test/integration/report.test.ts',
  'test/integration/socks.test.ts',
  'test/faults/supervisor.test.ts',
];

/** File → why it makes no sense beside an idle tailnet. */
export const notBesideIdle: Readonly<Record<string, string>> = {
  'test/integration/access-log.test.ts':
    'it counts lines by the thousand, and is slow; whose they are is in tailnets-lifecycle.test.ts',
  'test/integration/api.test.ts':
    'the API joins with options of its own, not with this environment',
  'test/integration/ci.test.ts':
    "the pipelines' files set the variables themselves, as users copy them",
  'test/integration/commands.test.ts':
    'it is about the flags and files of one tailscaled, and about a doctor without a run',
  'test/integration/hooks.test.ts':
    'it says that TS_AUTH_KEY alone is enough, which is so for one tailnet only',
  'test/integration/joining.test.ts': 'it counts what one tailnet asks of the API and of the proxy',
  'test/integration/closed-clients.test.ts': 'it starts no run',
  'test/integration/several-tailnets.test.ts': 'it has two tailnets already',
  'test/integration/tailnets-lifecycle.test.ts': 'it has two tailnets already',
  'test/integration/ways-out.test.ts': 'its requests leave the tailnet or never come to it',
  'test/faults/bad-clients.test.ts': 'it is about clients, long before a tailnet is chosen',
  'test/faults/limits.test.ts': 'it counts the files and the memory that one tailscaled leaves',
  'test/faults/relay.test.ts': 'its relay is that of one control server',
  'test/faults/tailnet.test.ts':
    'each of its faults is of one tailscaled; what becomes of a second is in several-tailnets.test.ts',
  'test/faults/wire.test.ts': 'the far side of its wire does not reach a second control server',
};

/** Which tests `make test` runs a second time with SPACETAIL_TEST_DIAL=localapi: those whose requests tailscaled dials. */
export const byLocalApi: readonly string[] = [
  'test/integration/names.test.ts',
  'test/integration/policy.test.ts',
  'test/integration/preconnect.test.ts',
  'test/integration/several-tailnets.test.ts',
  'test/integration/socks.test.ts',
];
