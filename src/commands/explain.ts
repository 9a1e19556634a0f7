/** `spacetail explain` and `spacetail resolve`: the supervisor makes the decision, as it would for a request. */
import { SpacetailError } from '../errors.ts';
import { isExplanation, renderExplanation } from './explanation.ts';
import { type CommandIo, hasColour, print } from './io.ts';
import { ask, configOf } from './supervisor.ts';

/** `--dial` waits as long as a request's dial may. */
const beyondConnectMs = 10_000;

export interface ExplainOptions {
  /** URL, HOST or HOST:PORT. */
  readonly target: string;
  readonly dial?: boolean;
  readonly json?: boolean;
}

/** @returns 0 when it would pass, 1 when not @throws {SpacetailError} `not_up` */
export async function run(options: ExplainOptions, io: CommandIo): Promise<number> {
  const parameters = { ...parseTarget(options.target), dial: options.dial === true };
  return await explain('explain', parameters, options, io);
}

/** @returns 0 when the name resolves, 1 when not @throws {SpacetailError} `not_up` */
export async function runResolve(
  options: { readonly name: string; readonly json?: boolean },
  io: CommandIo,
): Promise<number> {
  const { host } = parseTarget(options.name);
  return await explain('resolve', { host }, options, io);
}

async function explain(
  operation: 'explain' | 'resolve',
  parameters: object,
  options: { readonly json?: boolean },
  io: CommandIo,
): Promise<number> {
  const config = configOf(io);
  const limitMs = config.connectTimeoutMs + beyondConnectMs;
  const answer = await ask(config, operation, io.signal, { parameters, limitMs });
  if (!isExplanation(answer)) {
    throw new SpacetailError(
      'control_failed',
      'the supervisor sent an explanation of another version',
    );
  }
  const text =
    options.json === true
      ? `${JSON.stringify(answer, null, 2)}\n`
      : renderExplanation(answer, hasColour(io.stdout, io.env));
  await print(io.stdout, text);
  return answer.passes ? 0 : 1;
}

const defaultPorts: Readonly<Record<string, number>> = {
  http: 80,
  ws: 80,
  https: 443,
  wss: 443,
  ssh: 22,
  postgres: 5432,
  postgresql: 5432,
  mysql: 3306,
  redis: 6379,
};

/** A bare host is asked about on the port of HTTPS, which is what most clients talk. */
const portOfBareHost = 443;

/**
 * URL, HOST, HOST:PORT, an IPv6 literal with or without brackets, each but a URL with `NAME!` of a tailnet before it.
 * @throws {SpacetailError} `config_invalid`
 */
export function parseTarget(text: string): { readonly host: string; readonly port: number } {
  const refuse = (): SpacetailError =>
    new SpacetailError(
      'config_invalid',
      `${JSON.stringify(text)} is not accepted; accepted: a URL, HOST or HOST:PORT`,
    );
  const [, scheme, rest = ''] = /^(?:([a-z][a-z\d+.-]*):\/\/)?(.*)$/i.exec(text) ?? [];
  const fallback = scheme === undefined ? portOfBareHost : defaultPorts[scheme.toLowerCase()];
  // Userinfo and path are nobody's business here. Without a scheme `user@host` is not a host.
  const authority =
    scheme === undefined ? rest : rest.replace(/[/?#].*$/s, '').replace(/^.*@/s, '');
  if (scheme === undefined && /^(?:[a-z]\w*!)?[\da-f:.]*:[\da-f:.]*:[\da-f:.]*$/i.test(authority)) {
    return { host: authority.toLowerCase(), port: portOfBareHost };
  }
  if (scheme !== undefined && /^[a-z]\w*!/i.test(authority)) {
    throw new SpacetailError(
      'config_invalid',
      `${JSON.stringify(text)}: a URL has no place for the name of a tailnet before its host`,
      { hint: `Ask for ${authority} without the scheme; a request by such a URL is answered 400.` },
    );
  }
  const match = /^(?:([a-z]\w*!)?\[([\da-f:.]+)\]|([^\s:/?#@[\]]+))(?::(\d{1,5}))?$/i.exec(
    authority,
  );
  const port = match?.[4] === undefined ? fallback : Number(match[4]);
  if (match === null || port === undefined || port < 1 || port > 65_535) throw refuse();
  return { host: match[3] ?? `${match[1] ?? ''}${match[2] ?? ''}`, port };
}
