import { startDaemon, untilReady, type Daemon } from './daemon.ts';
import { headscaleClient, type HeadscaleClient } from './headscale-client.ts';
import {
  headscaleFiles,
  writeExtraRecords,
  writeHeadscaleConfig,
  type ExtraRecord,
  type HeadscaleOptions,
} from './headscale-config.ts';

export interface Headscale extends HeadscaleClient {
  readonly url: string;
  readonly config: string;
  readonly pid: number;
  start(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** headscale reads the file again by itself, within a second or so. */
  setExtraRecords(records: readonly ExtraRecord[]): void;
}

/** A headscale with its embedded DERP relay; not started yet. */
export function createHeadscale(binary: string, options: HeadscaleOptions): Headscale {
  const files = headscaleFiles(options.folder);
  const url = `http://${options.address}:${options.port}`;
  const client = headscaleClient(binary, files.config);
  let daemon: Daemon | undefined;
  let hasUser = false;
  writeHeadscaleConfig(options);

  return {
    ...client,
    url,
    config: files.config,
    get pid() {
      return daemon?.pid ?? -1;
    },
    async start() {
      if (daemon?.running) return;
      daemon = startDaemon(binary, ['--config', files.config, 'serve'], { log: files.log });
      const healthy = async (): Promise<boolean> => (await fetch(`${url}/health`)).ok;
      await untilReady(daemon, 'headscale', healthy);
      if (!hasUser) await client.headscale('users', 'create', 'harness');
      hasUser = true;
    },
    async stop(signal = 'SIGTERM') {
      await daemon?.stop(signal);
    },
    setExtraRecords: (records) => writeExtraRecords(options.folder, records),
  };
}
