/** A tailscaled whose SOCKS5 port is the load generator's: the tailnet is real, the dial is the least that one costs. */
import { writeFileSync } from 'node:fs';
import { freePort } from '../support/free-port.ts';
import type { TailnetFacts } from '../tailnet/facts.ts';

/**
 * A script to run in the place of tailscaled. It says the line that tells the bridge the port, and keeps
 * tailscaled's own to itself.
 *
 * @param load the load generator's binary
 */
export async function standInForTailscaled(
  { tools }: TailnetFacts,
  load: string,
  folder: string,
): Promise<string> {
  const file = `${folder}/tailscaled`;
  const port = await freePort();
  writeFileSync(
    file,
    `#!/bin/bash
'${load}' socks -port ${port} >/dev/null 2>&1 </dev/null 3<&- &
echo "SOCKS5 listening on 127.0.0.1:${port}" >&2
exec '${tools.tailscaled}' "$@" 2> >(grep --line-buffered -v 'SOCKS5 listening' >&2)
`,
    { mode: 0o755 },
  );
  return file;
}
