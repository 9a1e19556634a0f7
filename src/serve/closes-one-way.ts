/** Minor version of tailscaled whose SOCKS server passes on the end of one direction alone (net/socks5, PR 21359). */
const closesOneWaySince = 104;

/** Whether a tailscaled keeps a connection open the other way once its client has ended its own; older ones close both. */
export function closesOneWay(version: string): boolean {
  const minor = /^1\.(\d+)\./.exec(version)?.[1];
  return minor !== undefined && Number(minor) >= closesOneWaySince;
}
