import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '../support/free-port.ts';
import { run, type Finished, type RunOptions } from '../support/run.ts';
import { startDaemon, untilReady, type Daemon } from './daemon.ts';
import { NODE_VARIABLE } from './servers/client-node.ts';
import type { Tools } from './toolchain.ts';

export interface NodeOptions {
  /** Its host name, and so its MagicDNS label. */
  name: string;
  key: string;
  loginServer: string;
  /** Holds the node's socket, state and log. */
  folder: string;
  tools: Tools;
  /** Keep the state on disk: killed and started again it is the same node. */
  persistent?: boolean;
  /** What an origin calls it (`via`); its name when not given. */
  label?: string;
  /** More arguments for `tailscale up`. */
  up?: readonly string[];
  /** Give it a SOCKS5 listener, so that a test can send requests from it. */
  socks?: boolean;
  /** Called after `stop`. */
  onStop?: () => void;
}

export interface TailnetNode {
  readonly name: string;
  readonly pid: number;
  readonly running: boolean;
  readonly socket: string;
  /** The file of what its tailscaled says. */
  readonly log: string;
  /** `127.0.0.1:PORT` of its SOCKS5 listener; only with the option `socks`. */
  readonly socks: string | undefined;
  /** IPv4 and IPv6, once it has joined. */
  addresses(): Promise<string[]>;
  /** `tailscale ARG…` on its socket; as `run`, it does not throw. */
  tailscale(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** Starts tailscaled and joins (or comes back as the same node when persistent). */
  start(): Promise<void>;
  /** SIGTERM: an ephemeral node logs out and vanishes, a persistent one goes offline. */
  stop(): Promise<void>;
  /** SIGKILL: nobody is told, the others learn it late. */
  kill(): Promise<void>;
  /** Logs out and joins anew under the same name: the tailnet gives it another address. */
  rejoin(): Promise<void>;
}

/**
 * A node of the tailnet: tailscaled in userspace mode, so it needs no device and no privilege.
 * A connection to its address and a port reaches 127.0.0.1 and that port of this machine.
 */
export function createNode(options: NodeOptions): TailnetNode {
  const { name, folder, tools } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const socket = join(folder, 'ts.sock');
  const log = join(folder, 'tailscaled.log');
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, options.key, { mode: 0o600 });
  let daemon: Daemon | undefined;
  let socks: string | undefined;

  const tailscale: TailnetNode['tailscale'] = (args, runOptions) =>
    run(tools.tailscale, [`--socket=${socket}`, ...args], runOptions);

  async function must(...args: string[]): Promise<string> {
    const done = await tailscale(args);
    if (done.code === 0) return done.stdout;
    throw new Error(
      `${name}: tailscale ${args[0]}: ${done.stderr.split('\n')[0]}\n${daemon?.lastWords() ?? ''}`,
    );
  }

  async function up(): Promise<void> {
    const login = [`--login-server=${options.loginServer}`, `--auth-key=file:${keyFile}`];
    const more = ['--timeout=30s', ...(options.up ?? [])];
    await must('up', ...login, `--hostname=${name}`, ...more);
  }

  return {
    name,
    socket,
    log,
    tailscale,
    get pid() {
      return daemon?.pid ?? -1;
    },
    get running() {
      return daemon?.running ?? false;
    },
    get socks() {
      return socks;
    },
    async addresses() {
      return (await must('ip')).trim().split('\n');
    },
    async start() {
      if (daemon?.running) return;
      const state = options.persistent ? join(folder, 'tailscaled.state') : 'mem:';
      const args = [`--state=${state}`, `--statedir=${folder}`, `--socket=${socket}`, '--port=0'];
      if (options.socks) {
        socks ??= `127.0.0.1:${await freePort()}`;
        args.push(`--socks5-server=${socks}`);
      }
      daemon = startDaemon(
        tools.tailscaled,
        ['--tun=userspace-networking', '--no-logs-no-support', ...args],
        {
          log,
          env: {
            [NODE_VARIABLE]: options.label ?? name,
            TS_DEBUG_USE_DERP_HTTP: '1',
            TS_DISABLE_PORTMAPPER: '1',
          },
        },
      );
      await untilReady(daemon, `tailscaled of ${name}`, () => Promise.resolve(existsSync(socket)));
      await up();
    },
    async stop() {
      await daemon?.stop('SIGTERM', 8000);
      options.onStop?.();
    },
    async kill() {
      await daemon?.stop('SIGKILL');
    },
    async rejoin() {
      await must('logout');
      await up();
    },
  };
}
