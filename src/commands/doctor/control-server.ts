import type { Config } from '../../config.ts';
import { messageOf } from '../../errors.ts';
import { failure, type Finding, ok, warning } from './check.ts';
import { type Answer, httpGet } from './http-get.ts';

const defaultLoginServer = 'https://controlplane.tailscale.com';
/** Tokens and certificates are refused beyond minutes; a skew of seconds shows in logs only. */
const skewWarningMs = 5_000;
const skewFailureMs = 60_000;

export function loginServerOf(config: Config): string {
  const { upArgs } = config.tailnet;
  for (const [at, word] of upArgs.entries()) {
    const match = /^--?login-server(?:=(.*))?$/.exec(word);
    if (match !== null)
      return (match[1] ?? upArgs[at + 1] ?? defaultLoginServer).replace(/\/+$/, '');
  }
  return defaultLoginServer;
}

/** Whether the control server answers, and what its clock says of ours. */
export async function checkControlServer(config: Config, signal: AbortSignal): Promise<Finding[]> {
  const server = loginServerOf(config);
  try {
    // What tailscaled asks first; any answer of the server's own shows that it is reached.
    const answer = await httpGet(`${server}/key?v=100`, config.upstreamProxy, signal);
    if (answer.status >= 500 || answer.status === 407) {
      return [failure('control server', `${server} answered ${answer.status}`, hintFor(config))];
    }
    return [ok('control server', `${server} answers`), checkClock(answer)];
  } catch (error) {
    signal.throwIfAborted();
    return [
      failure('control server', `${server} is not reached: ${reasonOf(error)}`, hintFor(config)),
    ];
  }
}

function hintFor(config: Config): string {
  if (config.upstreamProxy !== undefined)
    return 'The way goes by SPACETAIL_UPSTREAM_PROXY: does that proxy let it through?';
  return 'Does the container reach the internet? Set SPACETAIL_UPSTREAM_PROXY where it needs a proxy.';
}

export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return messageOf(cause).split('\n', 1)[0] ?? '';
}

export function checkClock({ headers, midMs }: Pick<Answer, 'headers' | 'midMs'>): Finding {
  const date = headers['date'];
  const theirMs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(theirMs)) return ok('clock', 'the control server does not tell the time');
  // A Date header has whole seconds: half of one is added.
  const skewMs = midMs - (theirMs + 500);
  const words = `${(Math.abs(skewMs) / 1000).toFixed(1)} s ${skewMs < 0 ? 'behind' : 'ahead of'} the control server`;
  const hint = 'Set the clock of the host: tokens and certificates are judged by it.';
  if (Math.abs(skewMs) > skewFailureMs) return failure('clock', words, hint);
  if (Math.abs(skewMs) > skewWarningMs) return warning('clock', words, hint);
  return ok('clock', 'within seconds of the control server');
}
