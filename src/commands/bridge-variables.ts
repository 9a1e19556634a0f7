/** What `env`, `clean-env` and `exec` know of the bridge and of the variables before it. */
import { existsSync } from 'node:fs';
import type { Config } from '../config.ts';
import { messageOf } from '../errors.ts';
import { type Before, readBefore } from '../lifecycle/run/before-file.ts';
import type { BridgeAddresses } from '../lifecycle/run/proxy-variables.ts';
import { findRuntimeFolder } from '../lifecycle/folder/runtime-folder.ts';
import type { CommandIo } from './io.ts';
import { listenersOf } from './supervisor.ts';

export interface BridgeVariables {
  readonly bridge: BridgeAddresses;
  readonly isUp: boolean;
  /** What stood before `up`; `undefined` where nobody wrote it down, or `down` has removed it. */
  readonly before: Before | undefined;
}

/** Never fails: a hook's `eval` and the clean-up after it must go on with what is configured. */
export async function bridgeVariables(config: Config, io: CommandIo): Promise<BridgeVariables> {
  const configured = { http: config.http, socks5: config.socks5, isUp: false };
  const { isUp, ...listeners } = await listenersOf(config, io.signal).catch((error: unknown) => {
    io.signal.throwIfAborted();
    io.stderr.write(`spacetail: warning: ${messageOf(error)}\n`);
    return configured;
  });
  const folder = await findRuntimeFolder(config.runtimeDir).catch(() => undefined);
  const before =
    folder !== undefined && existsSync(folder.before) ? await readBefore(folder) : undefined;
  return { bridge: { ...listeners, proxyToken: config.proxyToken }, isUp, before };
}
