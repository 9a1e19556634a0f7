/** `spacetail status`: exit 0 up and healthy, 3 not up, 1 degraded. */
import { SpacetailError } from '../errors.ts';
import type { StatusDocument, TailnetDocument } from '../serve/status.ts';
import { type CommandIo, hasColour, print } from './io.ts';
import { paint } from './paint.ts';
import { askStatus, configOf } from './supervisor.ts';

/** It answers within 5 s, whatever the supervisor does. */
const answerMs = 4000;

export async function run(options: { readonly json?: boolean }, io: CommandIo): Promise<number> {
  const config = configOf(io);
  let status: StatusDocument | undefined;
  try {
    status = await askStatus(config, io.signal, answerMs);
  } catch (error) {
    if (!(error instanceof SpacetailError) || error.code !== 'control_failed') throw error;
    const { message, hint } = error;
    const text =
      options.json === true
        ? JSON.stringify({ state: 'degraded', detail: message, hint }, null, 2)
        : rows([
            ['state', paint(`degraded: ${message}`, 'red', hasColour(io.stdout, io.env))],
            ['hint', hint],
          ]);
    await print(io.stdout, `${text}\n`);
    return 1;
  }
  if (status === undefined) {
    const text =
      options.json === true
        ? '{\n  "state": "down"\n}'
        : `spacetail is not up (${config.runtimeDir})`;
    await print(io.stdout, `${text}\n`);
    return 3;
  }
  const text =
    options.json === true
      ? JSON.stringify(status, null, 2)
      : render(status, hasColour(io.stdout, io.env));
  await print(io.stdout, `${text}\n`);
  return status.state === 'running' ? 0 : 1;
}

function render(status: StatusDocument, colour: boolean): string {
  const { node, tailscaled, netmap, listeners, counters } = status;
  const state = paint(status.state, status.state === 'running' ? 'green' : 'red', colour);
  const lines: [string, string][] = [
    ['state', status.detail === null ? state : `${state}: ${status.detail}`],
    ...(status.hint ? [['hint', status.hint] as [string, string]] : []),
    [
      'supervisor',
      `pid ${status.supervisor.pid}, up since ${new Date(status.supervisor.startedMs).toISOString()}`,
    ],
    ['node', node.name === '' ? '-' : `${node.name} (${node.addresses.join(', ')})`],
    [
      'tailscaled',
      `${tailscaled.version || '-'}, pid ${tailscaled.pid ?? '-'}, ${tailscaled.restarts} restarts`,
    ],
    [
      'netmap',
      `${netmap.peers} peers, ${netmap.suffix === '' ? 'no MagicDNS suffix' : netmap.suffix}`,
    ],
    ['listeners', `HTTP ${listeners.http ?? 'off'}, SOCKS5 ${listeners.socks5 ?? 'off'}`],
    [
      'counters',
      `${counters.requests} requests, ${counters.denied} denied, ${counters.errors} errors, ${counters.openTunnels} open tunnels`,
    ],
    ...(status.tailnets ?? []).map((one): [string, string] => [one.name, tailnetText(one)]),
    ['policy', status.policy.mode],
    ...status.warnings.map((warning): [string, string] => [
      'warning',
      paint(warning, 'yellow', colour),
    ]),
  ];
  return rows(lines);
}

function rows(lines: readonly (readonly [name: string, value: string])[]): string {
  return lines.map(([name, value]) => `${name.padEnd(12)}${value}`).join('\n');
}

/** One of several tailnets. */
function tailnetText({
  state,
  detail,
  node,
  tailscaled,
  netmap,
  optional,
}: TailnetDocument): string {
  const words = [
    `${state}${optional ? ' (optional)' : ''}${detail === null ? '' : `: ${detail}`}`,
    node.name === '' ? '-' : `${node.name} (${node.addresses.join(', ')})`,
    `${netmap.peers} peers`,
    `tailscaled pid ${tailscaled.pid ?? '-'}, ${tailscaled.restarts} restarts`,
  ];
  return words.join(', ');
}
