/** A proxy to compare with, running. */
export interface Peer {
  readonly name: string;
  /** `http://HOST:PORT`, where it takes CONNECT and absolute-form. */
  readonly http?: string | undefined;
  /** `socks5://HOST:PORT` */
  readonly socks?: string | undefined;
  /** One that is no forward proxy: ports that lead to the origin's. */
  readonly relayed?: { readonly bulk: number; readonly http: number };
  readonly pids: readonly number[];
  stop(): Promise<void>;
}
