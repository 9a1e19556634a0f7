import { SpacetailError } from '../errors.ts';

/** One `[BIND:]PORT:HOST:PORT`, as `ssh -L` writes it; IPv6 literals in brackets. */
export interface ForwardSpec {
  readonly bindHost: string;
  /** 0 means any free port. */
  readonly bindPort: number;
  readonly host: string;
  readonly port: number;
}

const part = String.raw`(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]\s/]+))`;
const syntax = new RegExp(`^(?:${part}:)?(\\d{1,5}):${part}:(\\d{1,5})$`);

/** @throws {SpacetailError} `config_invalid` */
export function parseForward(text: string): ForwardSpec {
  const match = syntax.exec(text);
  const bindPort = Number(match?.[3] ?? -1);
  const port = Number(match?.[6] ?? 0);
  const host = match?.[4] ?? match?.[5] ?? '';
  if (bindPort < 0 || bindPort > 65_535 || port < 1 || port > 65_535 || host === '') {
    throw new SpacetailError(
      'config_invalid',
      `forward: ${JSON.stringify(text)} is not accepted; accepted: [BIND:]PORT:HOST:PORT such as 5432:db:5432 or 127.0.0.1:8022:[fd7a:115c:a1e0::1]:22`,
    );
  }
  const bind = match?.[1] ?? match?.[2] ?? '127.0.0.1';
  return { bindHost: bind === 'localhost' ? '127.0.0.1' : bind, bindPort, host, port };
}
