/** `spacetail env`: the proxy variables, for `eval "$(spacetail env)"`. */
import { SpacetailError } from '../errors.ts';
import {
  type Assignments,
  isOurs,
  proxyNames,
  proxyVariables,
  proxyWarnings,
  restoredValue,
  restoringVariables,
} from '../lifecycle/run/proxy-variables.ts';
import { type BridgeVariables, bridgeVariables } from './bridge-variables.ts';
import { type CommandIo, print } from './io.ts';
import { asFormat, renderVariables } from './render-variables.ts';
import { secretVariables } from './secret-variables.ts';
import { configOf } from './supervisor.ts';

export interface EnvOptions {
  readonly unset?: boolean;
  readonly scrub?: boolean;
  readonly format?: string;
}

/** @throws {SpacetailError} `config_invalid`; `not_up` when the port is any and nobody has bound it yet */
export async function run(options: EnvOptions, io: CommandIo): Promise<number> {
  const format = asFormat(options.format);
  const known = await bridgeVariables(configOf(io), io);
  const proxies = options.unset === true ? restored(known, io.env) : made(known, io);
  const scrubbed = options.scrub === true ? secretVariables(io.env) : [];
  const secrets = Object.fromEntries(scrubbed.map((name) => [name, undefined]));
  await print(io.stdout, renderVariables({ ...proxies, ...secrets }, format));
  return 0;
}

function made({ bridge, isUp, before }: BridgeVariables, io: CommandIo): Assignments {
  if (bridge.http.port === 0)
    throw new SpacetailError('not_up', 'nothing is up, so the port of the listener is not known');
  if (!isUp)
    io.stderr.write(
      'spacetail: warning: nothing is up: clients that take these variables reach nothing\n',
    );
  for (const warning of proxyWarnings(io.env)) io.stderr.write(`spacetail: warning: ${warning}\n`);
  return proxyVariables(bridge, before ?? {}, io.env);
}

function restored({ bridge, before }: BridgeVariables, env: NodeJS.ProcessEnv): Assignments {
  if (before !== undefined) return restoringVariables(bridge, before, env);
  const ours = proxyNames.filter((name) => isOurs(name, env[name] ?? '', bridge));
  return Object.fromEntries(
    ours.map((name) => [name, restoredValue(name, env[name] ?? '', undefined)]),
  );
}
