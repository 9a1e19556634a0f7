/** The proxy that direct dials must use where the container's network allows nothing else. */
export interface UpstreamProxy {
  /** Name or literal. */
  readonly host: string;
  readonly port: number;
  /** The value of Proxy-Authorization, e.g. `Basic …`. */
  readonly authorization?: string | undefined;
  /** NO_PROXY as it stood before `up`: whether the target is dialled without the proxy. */
  readonly isBypassed?: ((host: string, ip: string | undefined) => boolean) | undefined;
}
