/** docs/clients.md, from a run of the matrix. */
import type { Client } from './client.ts';

export interface PlayedClient {
  readonly client: Client;
  readonly version: string;
  readonly trials: readonly string[];
}

/** The row's cells that do not depend on the machine. */
export function settingCells({ name, setting }: Client): readonly [name: string, setting: string] {
  return [name, setting.replaceAll('|', '\\|')];
}

export function renderPage(played: readonly PlayedClient[]): string {
  const rows = played.map(({ client, version, trials }) => {
    const [name, setting] = settingCells(client);
    return `| ${name} | ${version} | ${trials.join('; ')} | ${setting} |`;
  });
  return `# Clients

Each program below was run through \`spacetail exec\` against a real tailnet by MagicDNS name, \`make clients\` made this page from that run. A
program passes when its command succeeds, when every connection that reached the node came out of the node's tailscaled, and
when the same command fails with the bridge stopped.

\`eval "$(spacetail env)"\` and \`spacetail exec\` set \`HTTP_PROXY\`, \`HTTPS_PROXY\`, \`ALL_PROXY\` and \`NO_PROXY\` in both cases. The
last column says what a program needs besides.

| program | version | what was run | what to set |
|---|---|---|---|
${rows.join('\n')}
`;
}
