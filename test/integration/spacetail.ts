/** `spacetail` as a hook calls it, on the tailnet of a test: the built bundle, a runtime folder of its own. */
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type LogLine, readLogLines } from '../support/log-lines.ts';
import { type Finished, run } from '../support/run.ts';
import { tmpFolder } from '../support/tmp-folder.ts';
import { freePort } from '../support/free-port.ts';
import type { TailnetFacts } from '../tailnet/facts.ts';
import { joinVariables } from '../tailnet/join-variables.ts';
import { besideIdle } from './beside-idle.ts';

const bundle = fileURLToPath(new URL('../../dist/spacetail.js', import.meta.url));

export interface Spacetail {
  /** PATH with `spacetail` and `node`, and what `up` needs to join; no proxy variables. */
  readonly env: Record<string, string>;
  readonly folder: string;
  readonly runtimeDir: string;
  /** `http://127.0.0.1:PORT` of the bridge. */
  readonly proxy: string;
  readonly httpPort: number;
  readonly socksPort: number;
  cli(args: readonly string[], env?: Record<string, string | undefined>): Promise<Finished>;
  /** `up`, and `down` at the end of the test. @throws Error unless it exits 0 */
  up(env?: Record<string, string | undefined>): Promise<Finished>;
  /** A command with the proxy variables of `spacetail env`. */
  through(command: readonly [string, ...string[]], env?: Record<string, string>): Promise<Finished>;
  curl(...args: string[]): Promise<Finished>;
  accessLog(): LogLine[];
}

/** SPACETAIL_TEST_DIAL=localapi: every run of the tests dials by LocalAPI. */
function dialVariable(): Record<string, string> {
  const dial = process.env['SPACETAIL_TEST_DIAL'];
  return dial === undefined ? {} : { SPACETAIL_DIAL: dial };
}

interface Test {
  teardown(action: () => unknown): unknown;
}

export async function spacetailFor(
  t: Test,
  facts: TailnetFacts,
  extra: Record<string, string> = {},
  /** What runs its commands, such as the `enter` of a far side. */
  by: readonly string[] = [],
  node = process.execPath,
): Promise<Spacetail> {
  if (!existsSync(bundle)) throw new Error('dist/spacetail.js is missing: run make build first');
  const folder = tmpFolder(t);
  mkdirSync(`${folder}/bin`);
  // What the image has: spacetail on PATH, and the Node that runs it.
  symlinkSync(bundle, `${folder}/bin/spacetail`);
  symlinkSync(node, `${folder}/bin/node`);
  const runtimeDir = `${folder}/run`;
  const [httpPort, socksPort] = [await freePort(), await freePort()];
  const beside = await besideIdle();
  const env: Record<string, string> = {
    ...beside.more,
    ...beside.named({
      PATH: `${folder}/bin:${process.env['PATH'] ?? ''}`,
      HOME: folder,
      ...joinVariables(facts),
      SPACETAIL_RUNTIME_DIR: runtimeDir,
      SPACETAIL_HTTP_LISTEN: `127.0.0.1:${httpPort}`,
      SPACETAIL_SOCKS5_LISTEN: `127.0.0.1:${socksPort}`,
      SPACETAIL_OWNER_PID: String(process.pid),
      ...dialVariable(),
      ...extra,
    }),
  };
  const [file, ...words] = [...by, node];
  const cli: Spacetail['cli'] = (args, more = {}) =>
    run(file ?? '', [...words, bundle, ...args], {
      cleanEnv: true,
      env: { ...env, ...beside.named(more) },
      cwd: folder,
      timeoutMs: 90_000,
    });
  t.teardown(() => cli(['down']));
  const proxyVariables = async (): Promise<Record<string, string>> =>
    JSON.parse((await cli(['env', '--format', 'json'])).stdout) as Record<string, string>;
  const through: Spacetail['through'] = async ([file, ...args], more = {}) =>
    run(file, args, {
      cleanEnv: true,
      env: { ...env, ...(await proxyVariables()), ...beside.named(more) },
      cwd: folder,
      timeoutMs: 60_000,
    });
  const proxy = `http://127.0.0.1:${httpPort}`;
  return {
    env,
    folder,
    runtimeDir,
    proxy,
    httpPort,
    socksPort,
    cli,
    async up(more) {
      const done = await cli(['up'], more);
      if (done.code !== 0) throw new Error(`spacetail up: exit ${done.code}\n${done.stderr}`);
      return done;
    },
    through,
    curl: (...args) =>
      run('curl', ['-sS', '-m', '30', '--cacert', facts.caFile, '-x', proxy, ...args], {
        cleanEnv: true,
        env,
        cwd: folder,
        timeoutMs: 60_000,
      }),
    accessLog: () => readLogLines(readFileSync(`${runtimeDir}/access.log`, 'utf8')),
  };
}
