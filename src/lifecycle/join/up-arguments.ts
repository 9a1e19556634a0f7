import { SpacetailError } from '../../errors.ts';
import { type GoFlag, isOn, readGoFlags, upSwitches } from '../tailscaled/go-flags.ts';
import { isOAuthSecret } from '../credentials/credentials.ts';
import { type RuntimeFolder, writeSecretFile } from '../folder/runtime-folder.ts';

export interface UpSettings {
  readonly hostname: string;
  readonly acceptDns: boolean;
  /** TS_OAUTH_TAGS; asked for only where the key is an OAuth secret (`tskey-client-…`). */
  readonly tags: readonly string[];
  /** TS_EXTRA_ARGS in words. */
  readonly upArgs: readonly string[];
}

/** What is true of this very call. */
export interface UpOnce {
  /** With one given, a key among the user's words is not used. */
  readonly authKey: string | undefined;
  readonly timeoutMs: number;
  /** The node remembers its settings: those of an earlier run are not to be mixed in. */
  readonly keepsState: boolean;
}

export interface UpPlan {
  /** Arguments after `tailscale up`; none is a secret. */
  readonly args: readonly string[];
  readonly acceptDns: boolean;
  readonly acceptRoutes: boolean;
  /** False where peers may reach this node, and so the container's loopback. */
  readonly shieldsUp: boolean;
}

/** Flags whose value is a secret; `authkey` is an old spelling that the CLI still takes. */
const secretFlags: Readonly<Record<string, string>> = {
  'auth-key': 'auth-key',
  authkey: 'auth-key',
  'client-secret': 'client-secret',
  'id-token': 'id-token',
};

/** With one of these the user wants peers to reach this node. */
function wantsInbound(flags: ReadonlyMap<string, GoFlag>): boolean {
  return (
    ['ssh', 'advertise-exit-node'].some((name) => isOn(flags.get(name))) ||
    !!flags.get('advertise-routes')?.value
  );
}

/** Whether the CLI makes a key of its own from a client, for which it must be told the tags. */
function mintsByCli(authKey: string | undefined, theirs: ReadonlyMap<string, GoFlag>): boolean {
  const key = authKey ?? theirs.get('auth-key')?.value;
  if (key !== undefined) return isOAuthSecret(key);
  return ['client-secret', 'client-id', 'id-token'].some((name) => theirs.has(name));
}

function readFlags(words: readonly string[]): ReadonlyMap<string, GoFlag> {
  const { flags, rest } = readGoFlags(words, upSwitches);
  if (rest.length > 0) {
    // Not quoted: it may be the key of a misspelt flag.
    throw new SpacetailError(
      'config_invalid',
      "TS_EXTRA_ARGS: there is a word that is neither a flag nor a flag's value",
    );
  }
  return new Map(flags.map((flag) => [secretFlags[flag.name] ?? flag.name, flag]));
}

/**
 * Our arguments of `tailscale up` with the user's added; where both name a flag the user's wins. Keys go
 * to files of the runtime folder.
 *
 * @throws {SpacetailError} `config_invalid`
 */
export async function upArguments(
  folder: RuntimeFolder,
  settings: UpSettings,
  { authKey, timeoutMs, keepsState }: UpOnce,
): Promise<UpPlan> {
  const theirs = readFlags(settings.upArgs);
  const args: string[] = [];
  const setting = (name: string, value: string): void => {
    if (!theirs.has(name)) args.push(`--${name}=${value}`);
  };
  const shieldsUp = theirs.has('shields-up')
    ? isOn(theirs.get('shields-up'))
    : !wantsInbound(theirs);
  setting('accept-dns', String(settings.acceptDns));
  setting('accept-routes', 'true');
  if (shieldsUp && !theirs.has('shields-up')) args.push('--shields-up');
  setting('hostname', settings.hostname);
  setting('timeout', `${Math.max(1, Math.ceil(timeoutMs / 1000))}s`);
  if (keepsState && !theirs.has('reset')) args.push('--reset');
  if (mintsByCli(authKey, theirs)) setting('advertise-tags', settings.tags.join(','));
  if (authKey !== undefined)
    args.push(`--auth-key=file:${await writeSecretFile(folder, 'auth-key', authKey)}`);
  for (const [name, flag] of theirs) {
    if (name === 'auth-key' && authKey !== undefined) continue;
    const isSecret =
      Object.hasOwn(secretFlags, name) &&
      flag.value !== undefined &&
      !flag.value.startsWith('file:');
    if (isSecret)
      args.push(`--${name}=file:${await writeSecretFile(folder, name, flag.value ?? '')}`);
    else args.push(...flag.words);
  }
  return {
    args,
    acceptDns: theirs.has('accept-dns') ? isOn(theirs.get('accept-dns')) : settings.acceptDns,
    acceptRoutes: theirs.has('accept-routes') ? isOn(theirs.get('accept-routes')) : true,
    shieldsUp,
  };
}

/** The same three answers without writing anything; for `doctor`, `explain` and the listeners. */
export function inboundAllowed(upArgs: readonly string[]): boolean {
  const theirs = readFlags(upArgs);
  return theirs.has('shields-up') ? !isOn(theirs.get('shields-up')) : wantsInbound(theirs);
}
