/** TS_EXTRA_ARGS and TS_TAILSCALED_EXTRA_ARGS in words, and what of them is ours to act on. */
import type { ExtraCredential } from '../lifecycle/credentials/credentials.ts';
import { readGoFlags } from '../lifecycle/tailscaled/go-flags.ts';
import { runtimePaths } from '../lifecycle/folder/runtime-folder.ts';
import { splitShellWords } from '../lifecycle/tailscaled/shell-words.ts';
import {
  tailscaledArguments,
  tailscaledSwitches,
} from '../lifecycle/tailscaled/tailscaled-arguments.ts';
import { inboundAllowed } from '../lifecycle/join/up-arguments.ts';
import { type Moved, moveListener } from './listeners.ts';
import { parseAbsolutePath } from './values.ts';
import { invalid } from './variables.ts';

export interface ExtraArgs {
  readonly upArgs: readonly string[];
  /** Without those that are in the fields below. */
  readonly tailscaledArgs: readonly string[];
  readonly httpListen: Moved | undefined;
  readonly socks5Listen: Moved | undefined;
  /** Where tailscaled listens, and so where it is asked. */
  readonly socket: string | undefined;
}

const variable = 'TS_TAILSCALED_EXTRA_ARGS';
const taken = new Set(['outbound-http-proxy-listen', 'socks5-server', 'socket']);

function readSocket(value: string): string {
  const path = parseAbsolutePath(value);
  if (path === undefined)
    throw invalid([
      `${variable}: --socket=${value} is not accepted; accepted: an absolute path without NUL bytes`,
    ]);
  return path;
}

/** @throws SpacetailError config_invalid for words that cannot be read or would break the bridge */
export function adaptExtraArgs(upText: string, tailscaledText: string): ExtraArgs {
  const upArgs = splitShellWords(upText, 'TS_EXTRA_ARGS');
  const words = splitShellWords(tailscaledText, variable);
  const { flags, rest } = readGoFlags(words, tailscaledSwitches);
  const ours = new Map(
    flags.filter(({ name }) => taken.has(name)).map(({ name, value = '' }) => [name, value]),
  );
  const tailscaledArgs = [
    ...flags.filter(({ name }) => !ours.has(name)).flatMap((flag) => flag.words),
    ...rest,
  ];
  // Both say early, before anything starts, what they would refuse later.
  tailscaledArguments(runtimePaths('/'), {
    socket: undefined,
    stateDir: undefined,
    tailscaledArgs,
    upArgs,
  });
  inboundAllowed(upArgs);
  const socket = ours.get('socket');
  const moved = (name: string): Moved | undefined => {
    const value = ours.get(name);
    return value === undefined ? undefined : moveListener(value, `${variable}: --${name}`);
  };
  return {
    upArgs,
    tailscaledArgs,
    httpListen: moved('outbound-http-proxy-listen'),
    socks5Listen: moved('socks5-server'),
    socket: socket === undefined ? undefined : readSocket(socket),
  };
}

const credentialFlags: readonly (readonly [flag: RegExp, what: ExtraCredential])[] = [
  [/^--?auth-?key(?:=|$)/, 'auth key'],
  [/^--?client-secret(?:=|$)/, 'OAuth client'],
  [/^--?client-id(?:=|$)/, 'workload identity'],
];

/** The credential among the words of TS_EXTRA_ARGS, the one that the CLI would take. */
export function extraCredential(upArgs: readonly string[]): ExtraCredential | undefined {
  return credentialFlags.find(([flag]) => upArgs.some((word) => flag.test(word)))?.[1];
}
