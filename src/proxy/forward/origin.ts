/** A connection to an origin, and who may use it. */
import type { Socket } from 'node:net';
import { tokensOf, valuesOf } from '../../http1/fields.ts';
import type { Connection } from '../dial/connection.ts';
import { SocketReader } from '../http/socket-reader.ts';

export class Origin {
  readonly connection: Connection;
  readonly reader: SocketReader;
  /** Had a request before this one; the origin may be about to close it. */
  isReused = false;
  /** The client's connection that it belongs to: NTLM and Negotiate make known who speaks on a connection, not in a request. */
  owner: Socket | undefined;
  /** It leads to an HTTP upstream proxy, which is sent absolute URIs and this Proxy-Authorization. */
  readonly absoluteForm: { readonly authorization: string | undefined } | undefined;

  constructor(
    connection: Connection,
    absoluteForm?: { readonly authorization: string | undefined },
  ) {
    this.connection = connection;
    this.absoluteForm = absoluteForm;
    this.reader = new SocketReader(connection.socket);
  }

  get socket(): Socket {
    return this.connection.socket;
  }

  /** It stands, and nobody has said anything that was not asked for. */
  get isIdle(): boolean {
    const { reader, socket } = this;
    return !reader.sawEnd && !reader.hasBytes && !socket.destroyed && socket.writable;
  }

  close(): void {
    this.socket.destroy();
  }
}

const CONNECTION_SCHEMES = ['ntlm', 'negotiate'];

/** Whether the fields of a request or of an answer make known who speaks on the whole connection (RFC 4559 6). */
export function bindsConnection(fields: readonly string[]): boolean {
  for (const name of ['authorization', 'www-authenticate', 'proxy-support']) {
    for (const value of valuesOf(fields, name)) {
      const text = value.toLowerCase();
      if (CONNECTION_SCHEMES.some((scheme) => text.includes(scheme))) return true;
      if (name === 'proxy-support' && text.includes('session-based')) return true;
    }
  }
  return false;
}

/** Whether the sender of a message keeps the connection open behind it (RFC 9112 9.3). */
export function keepsAlive(fields: readonly string[], version: string): boolean {
  const tokens = tokensOf(fields, 'connection');
  if (tokens.includes('close')) return false;
  return version === '1.1' || tokens.includes('keep-alive');
}
