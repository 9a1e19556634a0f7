/** Node's clients. */
import { join } from 'node:path';
import type { Client, Stage } from './client.ts';
import { plainAndTls } from './http.ts';

const node =
  (stage: Stage, program: string, ...args: readonly string[]) =>
  (url: string): readonly [string, ...string[]] => [
    process.execPath,
    join(import.meta.dirname, 'programs', program),
    url,
    ...args,
  ];

const packageVersion = (name: string): readonly [string, ...string[]] => [
  process.execPath,
  '-p',
  `JSON.parse(fs.readFileSync('${join(import.meta.dirname, '../../node_modules', name, 'package.json')}')).version`,
];

export const nodeClients: readonly Client[] = [
  {
    name: 'Node fetch',
    setting: '`NODE_USE_ENV_PROXY=1` (Node 24, or 22.21); a private CA in `NODE_EXTRA_CA_CERTS`',
    version: [process.execPath, '--version'],
    prepare: async (stage) =>
      plainAndTls(stage, node(stage, 'fetch.ts'), {
        NODE_USE_ENV_PROXY: '1',
        NODE_EXTRA_CA_CERTS: stage.facts.caFile,
      }),
  },
  {
    name: 'undici',
    setting: '`new EnvHttpProxyAgent()` as its dispatcher',
    version: packageVersion('undici'),
    prepare: async (stage) =>
      plainAndTls(stage, node(stage, 'undici-agent.ts'), {
        NODE_EXTRA_CA_CERTS: stage.facts.caFile,
      }),
  },
  {
    name: 'axios',
    setting:
      "nothing; with `adapter: 'fetch'` as Node fetch (not `proxy: false`: then nobody asks the proxy)",
    version: packageVersion('axios'),
    prepare: async (stage) => {
      const trust = { NODE_EXTRA_CA_CERTS: stage.facts.caFile };
      return [
        ...plainAndTls(stage, node(stage, 'with-axios.js'), trust),
        ...plainAndTls(
          stage,
          node(stage, 'with-axios.js', 'fetch'),
          { ...trust, NODE_USE_ENV_PROXY: '1' },
          "`adapter: 'fetch'`, ",
        ),
      ];
    },
  },
];
