/** The API for programs: `await using tailnet = await up({ authKey })`, then `fetch` by its dispatcher. */
import { mkdtemp, rm } from 'node:fs/promises';
import { Readable, Writable } from 'node:stream';
import { environmentOf } from './api/environment.ts';
import type { UpOptions } from './api/options.ts';
import type { CommandIo } from './commands/io.ts';
import { messageOf, SpacetailError } from './errors.ts';

export type { OAuthClient, UpOptions, WorkloadIdentity } from './api/options.ts';
export { type ErrorCode, SpacetailError } from './errors.ts';

/** What this environment's `fetch` takes as its `dispatcher`. */
export type FetchDispatcher = RequestInit extends { dispatcher?: infer D } ? NonNullable<D> : never;

export type Resolved =
  | {
      readonly kind: 'resolved';
      readonly addresses: readonly string[];
      /** Where the answer is from, as in the access log: `status`, `dns`, `split-dns` … */
      readonly source: string;
      /** The node that has the address, by its full name; `undefined` for a host that is none. */
      readonly peer: string | undefined;
    }
  | {
      readonly kind: 'unresolved';
      /** Why, in a sentence. */
      readonly detail: string;
      /** Existing names that look like this one, nearest first. */
      readonly nearest: readonly string[];
    };

/** A tailnet that this process has joined. */
export interface Tailnet extends AsyncDisposable {
  readonly node: { readonly name: string; readonly addresses: readonly string[] };
  /** `http://127.0.0.1:PORT`, with the token where there is one. */
  readonly proxyUrl: string;
  /** `socks5h://127.0.0.1:PORT`; `undefined` when SOCKS5 is off. */
  readonly socksUrl: string | undefined;
  /** The proxy variables in both cases, for a child process: `{ ...process.env, ...tailnet.env }`. */
  readonly env: Readonly<Record<string, string>>;
  /** Absolute path of the folder of sockets and logs. */
  readonly runtimeDir: string;
  /** `fetch(url, { dispatcher: tailnet.dispatcher })` goes by the bridge. */
  readonly dispatcher: FetchDispatcher;
  /**
   * How a name resolves here, as `spacetail resolve` tells it.
   * @throws {SpacetailError} `not_up` after `down`, `config_invalid` for what is no name
   */
  resolve(name: string): Promise<Resolved>;
  /**
   * Leaves the tailnet and ends everything that `up` started. Never rejects; a second call waits for the first.
   * What could not be removed is told to `onLine`.
   */
  down(): Promise<void>;
}

/** The command line's streams, with each line for `onLine`. */
function quietIo(options: UpOptions, env: NodeJS.ProcessEnv, signal?: AbortSignal): CommandIo {
  let rest = '';
  const stderr = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      const lines = `${rest}${String(chunk)}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) options.onLine?.(line);
      done();
    },
  });
  const stdout = new Writable({ write: (_chunk, _encoding, done) => done() });
  const never = new AbortController().signal;
  return { stdin: Readable.from([]), stdout, stderr, env, signal: signal ?? never };
}

/** undici's proxy agent in the form that the `fetch` of every Node from 22 on can use. */
async function proxyDispatcher(
  proxyUrl: string,
): Promise<{ dispatcher: FetchDispatcher; destroy: () => Promise<void> }> {
  const { Dispatcher1Wrapper, ProxyAgent } = await import('undici');
  const agent = new ProxyAgent(proxyUrl);
  // Its types are another version's than those of the fetch that it is for.
  const dispatcher = new Dispatcher1Wrapper(agent) as unknown as FetchDispatcher;
  return { dispatcher, destroy: () => agent.destroy() };
}

async function resolveBy(io: CommandIo, name: string): Promise<Resolved> {
  const [{ parseTarget }, { ask, configOf }, { isExplanation }] = await Promise.all([
    import('./commands/explain.ts'),
    import('./commands/supervisor.ts'),
    import('./commands/explanation.ts'),
  ]);
  const { host } = parseTarget(name);
  const answer = await ask(configOf(io), 'resolve', io.signal, { parameters: { host } });
  if (!isExplanation(answer))
    throw new SpacetailError('control_failed', 'the supervisor is of another version');
  const { passes, addresses, name_source: source, peer, nearest, steps } = answer;
  if (passes) return { kind: 'resolved', addresses, source: source ?? '', peer: peer ?? undefined };
  return { kind: 'unresolved', detail: steps[0]?.text ?? '', nearest };
}

/** What is to be known of a run that is ready. */
async function describe(io: CommandIo) {
  const [{ askStatus, configOf }, { bridgeVariables }, { proxyVariables }] = await Promise.all([
    import('./commands/supervisor.ts'),
    import('./commands/bridge-variables.ts'),
    import('./lifecycle/run/proxy-variables.ts'),
  ]);
  const config = configOf(io);
  const status = await askStatus(config, io.signal);
  if (status === undefined)
    throw new SpacetailError('not_up', 'the run ended as soon as it was up');
  const { bridge, before } = await bridgeVariables(config, io);
  return { node: status.node, env: proxyVariables(bridge, before ?? {}, io.env) };
}

/**
 * Joins the tailnet and waits until its proxy answers. Several at once do not disturb each other, unless they are
 * given the same folder or port.
 *
 * @throws {SpacetailError} with a stable `code`, e.g. `credentials_missing`, `login_failed`, `up_timeout`; nothing is left then
 * @throws the reason of `options.signal` when that ends the wait
 */
export async function up(options: UpOptions = {}): Promise<Tailnet> {
  const env = environmentOf(options);
  const ownFolder = env['SPACETAIL_RUNTIME_DIR'] === undefined;
  const runtimeDir = env['SPACETAIL_RUNTIME_DIR'] ?? (await mkdtemp('/tmp/spacetail-'));
  env['SPACETAIL_RUNTIME_DIR'] = runtimeDir;
  const io = quietIo(options, env);
  const removeFolder = async (): Promise<void> => {
    if (ownFolder) await rm(runtimeDir, { recursive: true, force: true });
  };
  const endings: Ending[] = [removeFolder];
  try {
    const { askStatus, configOf } = await import('./commands/supervisor.ts');
    const isTheirs = (await askStatus(configOf(io), io.signal)) !== undefined;
    const { run } = await import('./commands/up.ts');
    await run({ wait: true }, quietIo(options, env, options.signal));
    // Where it failed, it has undone everything itself.
    if (!isTheirs) endings.unshift(() => leave(io));
    const { node, env: variables } = await describe(io);
    const proxyUrl = variables['HTTP_PROXY'] ?? '';
    const { dispatcher, destroy } = await proxyDispatcher(proxyUrl);
    endings.unshift(destroy);
    let ending: Promise<void> | undefined;
    const down = (): Promise<void> => (ending ??= endAll(endings, options));
    return {
      node,
      proxyUrl,
      socksUrl: variables['ALL_PROXY']?.replace(/^socks5:/, 'socks5h:'),
      env: variables,
      runtimeDir,
      dispatcher,
      resolve: (name) => resolveBy(io, name),
      down,
      [Symbol.asyncDispose]: down,
    };
  } catch (error) {
    await endAll(endings, options);
    throw error;
  }
}

type Ending = () => Promise<void>;

async function leave(io: CommandIo): Promise<void> {
  const { run } = await import('./commands/down.ts');
  await run({}, io);
}

/** All of them, one after the other, also after one that failed. */
async function endAll(endings: readonly Ending[], options: UpOptions): Promise<void> {
  for (const ending of endings) {
    await ending().catch((error: unknown) =>
      options.onLine?.(`spacetail: warning: ${messageOf(error)}`),
    );
  }
}
