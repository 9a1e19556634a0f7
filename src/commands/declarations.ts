/** The commands, their arguments and flags. */
import type { CommandIo } from './io.ts';

/** Flags that override a variable; each command that reads the whole configuration has them. */
export const configFlags: readonly [flags: string, variable: string, description: string][] = [
  ['--http-listen <address>', 'SPACETAIL_HTTP_LISTEN', 'HTTP proxy listener'],
  ['--socks5-listen <address>', 'SPACETAIL_SOCKS5_LISTEN', 'SOCKS5 listener, or off'],
  ['--hostname <name>', 'TS_HOSTNAME', 'name of the node'],
  ['--timeout <duration>', 'SPACETAIL_UP_TIMEOUT', 'limit for becoming ready'],
  [
    '--connect-timeout <duration>',
    'SPACETAIL_CONNECT_TIMEOUT',
    'limit for a connection to a destination',
  ],
  ['--owner-pid <pid>', 'SPACETAIL_OWNER_PID', 'process whose end ends the run; 0 for none'],
  ['--policy <file>', 'SPACETAIL_POLICY', 'policy file, JSON or YAML'],
  ['--policy-mode <mode>', 'SPACETAIL_POLICY_MODE', 'enforce, report or learn'],
  ['--log-level <level>', 'SPACETAIL_LOG_LEVEL', 'trace, debug, info, warn or error'],
];
export const runtimeFlag: (typeof configFlags)[number] = [
  '--runtime-dir <folder>',
  'SPACETAIL_RUNTIME_DIR',
  'folder of sockets, logs and pidfile',
];

export interface Declaration {
  readonly usage: string;
  readonly summary: string;
  readonly options?: readonly (readonly [flags: string, description: string])[];
  /** Reads the whole configuration, so every variable's flag applies. */
  readonly config?: boolean;
  /** Words after the command belong to another program. */
  readonly passThrough?: boolean;
  readonly hidden?: boolean;
  readonly load: () => Promise<{ run: (options: never, io: CommandIo) => Promise<number> }>;
}

const json = ['--json', 'print JSON'] as const;

export const declarations: readonly Declaration[] = [
  {
    usage: 'up',
    summary: 'start tailscaled and the bridge, join the tailnet, wait until ready',
    options: [['--no-wait', 'return when the listeners answer; requests wait for the tailnet']],
    config: true,
    load: () => import('./up.ts'),
  },
  { usage: 'wait', summary: 'block until ready', load: () => import('./wait.ts') },
  {
    usage: 'down',
    summary: 'drain, leave the tailnet, stop everything, print the summary of the run',
    options: [['--strict', 'exit 1 if anything was left']],
    load: () => import('./down.ts'),
  },
  {
    usage: 'exec <command...>',
    summary: 'up, run a command with the proxy variables and without our secrets, down',
    config: true,
    passThrough: true,
    load: () => import('./exec.ts'),
  },
  {
    usage: 'env',
    summary: 'print the proxy variables: eval "$(spacetail env)"',
    options: [
      ['--unset', 'give back what stood there before up'],
      ['--scrub', 'unset our secrets'],
      ['--format <format>', 'sh, github, dotenv or json'],
    ],
    load: () => import('./env.ts'),
  },
  {
    usage: 'clean-env [file]',
    summary: "take our proxy values out of Spacelift's saved environment",
    load: () => import('./clean-env.ts'),
  },
  {
    usage: 'status',
    summary: 'supervisor, tailscaled, netmap, listeners, counters',
    options: [json],
    load: () => import('./status.ts'),
  },
  {
    usage: 'logs',
    summary: 'the access log',
    options: [['-f, --follow', 'go on with new lines'], json],
    load: () => import('./logs.ts'),
  },
  {
    usage: 'resolve <name>',
    summary: 'how a name resolves',
    options: [json],
    load: async () => ({ run: (await import('./explain.ts')).runResolve }),
  },
  {
    usage: 'explain <target>',
    summary: 'the whole decision for a URL or HOST[:PORT]: name, address, peer, route, policy rule',
    options: [['--dial', 'try the connection'], json],
    load: () => import('./explain.ts'),
  },
  {
    usage: 'report',
    summary: 'what the run talked to',
    options: [
      ['--format <format>', 'table, markdown, json or html'],
      ['--custom-input', "write Spacelift's plan-policy input file"],
    ],
    load: () => import('./report.ts'),
  },
  {
    usage: 'doctor',
    summary: 'check binaries, ports, credentials, control server, clock and proxy variables',
    config: true,
    load: () => import('./doctor.ts'),
  },
  {
    usage: 'nc <host> <port>',
    summary: 'stdin and stdout through the tailnet, for SSH ProxyCommand',
    load: () => import('./nc.ts'),
  },
  {
    usage: 'forward <forward...>',
    summary: 'local TCP ports to tailnet hosts, each [BIND:]PORT:HOST:PORT',
    load: () => import('./forward.ts'),
  },
  {
    usage: 'tailscale [args...]',
    summary: 'the tailscale command line on our socket',
    passThrough: true,
    load: () => import('./tailscale.ts'),
  },
  {
    usage: 'get-authkey',
    summary: 'mint a key from the OAuth client and print it',
    config: true,
    load: () => import('./get-authkey.ts'),
  },
  {
    usage: 'serve',
    summary: 'the supervisor in the foreground, for a sidecar, systemd or compose',
    config: true,
    load: () => import('./serve.ts'),
  },
  {
    usage: 'supervise',
    summary: 'started by up',
    hidden: true,
    load: () => import('./supervise.ts'),
  },
];
