/** How a command reaches the supervisor of the run. */
import { type Config, loadConfig } from '../config.ts';
import { parseListenAddress } from '../config/values.ts';
import { SpacetailError } from '../errors.ts';
import { callControl, type CallOptions } from '../lifecycle/control/control-client.ts';
import type { ListenAddress, Listeners } from '../lifecycle/join/progress.ts';
import { findRuntimeFolder, type RuntimeFolder } from '../lifecycle/folder/runtime-folder.ts';
import type { StatusDocument } from '../serve/status.ts';
import type { CommandIo } from './io.ts';

/** A control socket that accepts and then says nothing must not hold a hook up. */
const answerMs = 10_000;

/** @throws {SpacetailError} `not_up` when there is no runtime folder, `runtime_folder_unsafe` */
export async function runtimeFolderOf(config: Config): Promise<RuntimeFolder> {
  const folder = await findRuntimeFolder(config.runtimeDir);
  if (folder === undefined)
    throw new SpacetailError('not_up', `nothing is up in ${config.runtimeDir}`);
  return folder;
}

/**
 * One quick question to the supervisor.
 * @throws {SpacetailError} `not_up`, `control_failed`, `runtime_folder_unsafe`, or the supervisor's own
 */
export async function ask(
  config: Config,
  operation: string,
  signal: AbortSignal,
  options: Omit<CallOptions, 'signal'> & { readonly limitMs?: number } = {},
): Promise<unknown> {
  const { limitMs = answerMs, ...call } = options;
  const folder = await runtimeFolderOf(config);
  const limit = AbortSignal.timeout(limitMs);
  try {
    return await callControl(folder.controlSocket, operation, {
      ...call,
      signal: AbortSignal.any([signal, limit]),
    });
  } catch (error) {
    if (!limit.aborted || signal.aborted) throw error;
    throw new SpacetailError(
      'control_failed',
      `the supervisor did not answer ${operation} within ${limitMs / 1000} s`,
      {
        cause: error,
      },
    );
  }
}

/** `undefined` when nothing is up. @throws {SpacetailError} as `ask`, but for `not_up` */
export async function askStatus(
  config: Config,
  signal: AbortSignal,
  limitMs = answerMs,
): Promise<StatusDocument | undefined> {
  try {
    return (await ask(config, 'status', signal, { limitMs })) as StatusDocument;
  } catch (error) {
    if (error instanceof SpacetailError && error.code === 'not_up') return undefined;
    throw error;
  }
}

/** Where the bridge listens: as bound, or as configured while nothing is up. @throws {SpacetailError} as `ask` */
export async function listenersOf(
  config: Config,
  signal: AbortSignal,
): Promise<Listeners & { readonly isUp: boolean }> {
  const status = await askStatus(config, signal);
  const http = parse(status?.listeners.http);
  if (status === undefined || http === undefined) {
    return { http: config.http, socks5: config.socks5, isUp: false };
  }
  return { http, socks5: parse(status.listeners.socks5), isUp: true };
}

function parse(text: string | null | undefined): ListenAddress | undefined {
  return text == null ? undefined : parseListenAddress(text);
}

export function configOf(io: CommandIo): Config {
  return loadConfig(io.env);
}
