import { join } from 'node:path';
import { SpacetailError } from '../../errors.ts';
import { isOn, readGoFlags, upSwitches } from './go-flags.ts';
import type { RuntimeFolder } from '../folder/runtime-folder.ts';

export interface TailscaledSettings {
  /** TS_SOCKET, or `--socket` of TS_TAILSCALED_EXTRA_ARGS. */
  readonly socket: string | undefined;
  /** TS_STATE_DIR */
  readonly stateDir: string | undefined;
  /** TS_TAILSCALED_EXTRA_ARGS in words; the socket and proxy listeners have been taken out. */
  readonly tailscaledArgs: readonly string[];
  /** SPACETAIL_DIAL: who dials by LocalAPI gets no SOCKS port, which asks nobody who they are. */
  readonly dial?: 'socks' | 'localapi';
  /** TS_EXTRA_ARGS in words. */
  readonly upArgs: readonly string[];
}

export interface TailscaledPlan {
  readonly args: readonly string[];
  readonly socket: string;
  /** The node is forgotten when tailscaled ends: `down` logs it out. */
  readonly ephemeral: boolean;
}

/** The port is read from its log, see tailscaled.ts. */
export const socksFlag = '--socks5-server=127.0.0.1:0';

/** Flags of tailscaled that take no value from the next word. */
export const tailscaledSwitches: ReadonlySet<string> = new Set([
  'cleanup',
  'encrypt-state',
  'hardware-attestation',
  'no-logs-no-support',
  'syslog',
  'version',
]);

function servesSsh(upArgs: readonly string[]): boolean {
  const { flags } = readGoFlags(upArgs, upSwitches);
  return isOn(flags.findLast(({ name }) => name === 'ssh'));
}

/**
 * Our arguments of tailscaled with the user's added; where both name a flag the user's wins.
 * @param wantsLogs - the tailnet refuses a node that sends none
 * @throws {SpacetailError} `config_invalid` for a flag that would break the bridge
 */
export function tailscaledArguments(
  folder: RuntimeFolder,
  settings: TailscaledSettings,
  wantsLogs = false,
): TailscaledPlan {
  const { flags, rest } = readGoFlags(settings.tailscaledArgs, tailscaledSwitches);
  if (rest.length > 0) {
    throw new SpacetailError(
      'config_invalid',
      `TS_TAILSCALED_EXTRA_ARGS: ${JSON.stringify(rest[0])} is not a flag`,
    );
  }
  const theirs = new Map(flags.map((flag) => [flag.name, flag.value]));
  const tun = theirs.get('tun');
  if (tun !== undefined && tun !== 'userspace-networking') {
    throw new SpacetailError(
      'config_invalid',
      `TS_TAILSCALED_EXTRA_ARGS: --tun=${tun} is not accepted`,
      {
        hint: 'The bridge works in userspace mode only: leave --tun out, or set it to userspace-networking.',
      },
    );
  }
  const socket = settings.socket ?? folder.tailscaledSocket;
  const keepsState =
    theirs.has('state') || theirs.has('statedir') || settings.stateDir !== undefined;
  // Its SSH server keeps its host keys in files, and without any it does not answer.
  const hostKeys: readonly (readonly [string, string])[] = servesSsh(settings.upArgs)
    ? [['statedir', folder.tailscaledHome]]
    : [];
  const ours: readonly (readonly [string, string | undefined])[] = [
    ['tun', 'userspace-networking'],
    ...(settings.stateDir === undefined
      ? [['state', 'mem:'] as const, ...hostKeys]
      : ([
          ['state', join(settings.stateDir, 'tailscaled.state')],
          ['statedir', settings.stateDir],
        ] as const)),
    ['socket', socket],
    ...(wantsLogs ? [] : [['no-logs-no-support', undefined] as const]),
  ];
  const kept = ours.filter(
    ([name]) => !theirs.has(name) && !(name === 'state' && theirs.has('statedir')),
  );
  return {
    args: [
      ...kept.map(([name, value]) => (value === undefined ? `--${name}` : `--${name}=${value}`)),
      // Always our own and always a free port: the real one is read from its log, so nothing can take it in between.
      ...(settings.dial === 'localapi' ? [] : [socksFlag]),
      ...flags.filter((flag) => flag.name !== 'socks5-server').flatMap((flag) => flag.words),
    ],
    socket,
    ephemeral: !keepsState || theirs.get('state') === 'mem:',
  };
}
