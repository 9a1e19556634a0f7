/**
 * TS_EXTRA_ARGS and TS_TAILSCALED_EXTRA_ARGS in words. A proxy listener that the user gave tailscaled moves
 * ours, since tailscaled's would go around policy, names and log.
 */
import { type GoFlag, readGoFlags } from '../lifecycle/tailscaled/go-flags.ts';
import { runtimePaths } from '../lifecycle/run/runtime-folder.ts';
import { splitShellWords } from '../lifecycle/tailscaled/shell-words.ts';
import {
  tailscaledArguments,
  tailscaledSwitches,
} from '../lifecycle/tailscaled/tailscaled-arguments.ts';
import { inboundAllowed } from '../lifecycle/join/up-arguments.ts';
import { type ListenAddress, parseListenAddress } from './values.ts';
import { invalid } from './variables.ts';

export interface ExtraArgs {
  readonly upArgs: readonly string[];
  readonly tailscaledArgs: readonly string[];
  readonly httpListen: ListenAddress | undefined;
  readonly socks5Listen: ListenAddress | undefined;
  /** Sentences for the user. */
  readonly notices: readonly string[];
}

const listenerFlags = new Set(['outbound-http-proxy-listen', 'socks5-server']);

/** Go's `:1055` means every interface; behind our bridge it means loopback, like our default. */
function movedListener({ name, value }: GoFlag): ListenAddress {
  const listen = parseListenAddress(
    value?.startsWith(':') === true ? `127.0.0.1${value}` : (value ?? ''),
  );
  if (listen === undefined) {
    throw invalid([
      `TS_TAILSCALED_EXTRA_ARGS: --${name}=${value ?? ''} is not accepted; accepted: an address such as 127.0.0.1:1055`,
    ]);
  }
  return listen;
}

/** @throws SpacetailError config_invalid for words that cannot be read or would break the bridge */
export function adaptExtraArgs(upText: string, tailscaledText: string): ExtraArgs {
  const upArgs = splitShellWords(upText, 'TS_EXTRA_ARGS');
  const words = splitShellWords(tailscaledText, 'TS_TAILSCALED_EXTRA_ARGS');
  const { flags, rest } = readGoFlags(words, tailscaledSwitches);
  const moved = new Map(
    flags
      .filter((flag) => listenerFlags.has(flag.name))
      .map((flag) => [flag.name, movedListener(flag)]),
  );
  const tailscaledArgs = [
    ...flags.filter((flag) => !moved.has(flag.name)).flatMap((flag) => flag.words),
    ...rest,
  ];
  // Both say early, before anything starts, what they would refuse later.
  tailscaledArguments(runtimePaths('/'), {
    socket: undefined,
    stateDir: undefined,
    tailscaledArgs,
  });
  inboundAllowed(upArgs);
  return {
    upArgs,
    tailscaledArgs,
    httpListen: moved.get('outbound-http-proxy-listen'),
    socks5Listen: moved.get('socks5-server'),
    notices: [...moved].map(
      ([name, { host, port }]) =>
        `TS_TAILSCALED_EXTRA_ARGS: --${name} is tailscaled's own proxy; spacetail's listens on ${host}:${port} instead`,
    ),
  };
}
