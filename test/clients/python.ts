/** Python's clients, from a virtual environment with pinned packages. */
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import type { Server } from 'node:net';
import { exec } from '../ship/exec.ts';
import type { Client, Stage } from './client.ts';
import { plainAndTls } from './http.ts';
import { listenLocally } from './services.ts';

const program = (name: string): string => join(import.meta.dirname, 'programs', name);

const printVersion = (name: string): string =>
  `import importlib.metadata as m; print(m.version("${name}"))`;

/** A simple package index (PEP 503), plain and by TLS: the URLs of both on the node. */
async function startIndex(stage: Stage): Promise<readonly string[]> {
  await exec('python3', [program('make_wheel.py'), stage.folder]);
  const answer: Parameters<typeof createServer>[1] = ({ url = '/' }, response) => {
    const path = normalize(join('/', url.endsWith('/') ? `${url}index.html` : url));
    try {
      const type = path.endsWith('.html') ? 'text/html' : 'application/octet-stream';
      response.setHeader('content-type', type).end(readFileSync(join(stage.folder, path)));
    } catch {
      response.writeHead(404).end();
    }
  };
  const tls = { cert: readFileSync(stage.facts.certFile), key: readFileSync(stage.facts.keyFile) };
  const servers: [string, Server][] = [
    ['http', createServer(answer)],
    ['https', createTlsServer(tls, answer)],
  ];
  return await Promise.all(
    servers.map(async ([scheme, server]) => {
      const port = await stage.open(await listenLocally(stage, server));
      return `${scheme}://${stage.host}:${port}/simple/`;
    }),
  );
}

export const pythonClients: readonly Client[] = [
  {
    name: 'Python requests',
    setting: 'nothing; a private CA in `REQUESTS_CA_BUNDLE`',
    parts: ['python'],
    version: ({ python }) => [`${python}/bin/python`, '-c', printVersion('requests')],
    prepare: async (stage) =>
      plainAndTls(
        stage,
        (url) => [`${stage.parts.python}/bin/python`, program('with_requests.py'), url],
        { REQUESTS_CA_BUNDLE: stage.facts.caFile },
      ),
  },
  {
    name: 'Python httpx',
    setting:
      'unset `ALL_PROXY` and `all_proxy` (it refuses to start for a `socks5://` in them, whatever the request), or install `httpx[socks]`',
    parts: ['python', 'httpx-socks'],
    version: ({ python }) => [`${python}/bin/python`, '-c', printVersion('httpx')],
    prepare: async (stage) => {
      const trust = { SSL_CERT_FILE: stage.facts.caFile };
      const client = (venv: string) => (url: string) =>
        ['sh', '-c', '"$@"', 'sh', `${venv}/bin/python`, program('with_httpx.py'), url] as const;
      const unset = (url: string) =>
        ['env', '-u', 'ALL_PROXY', '-u', 'all_proxy', ...client(stage.parts.python)(url)] as const;
      return [
        ...plainAndTls(stage, unset, trust),
        ...plainAndTls(stage, client(stage.parts['httpx-socks']), trust, 'httpx[socks], '),
      ];
    },
  },
  {
    name: 'Python aiohttp',
    setting: '`ClientSession(trust_env=True)`',
    parts: ['python'],
    version: ({ python }) => [`${python}/bin/python`, '-c', printVersion('aiohttp')],
    prepare: async (stage) =>
      plainAndTls(
        stage,
        (url) => [`${stage.parts.python}/bin/python`, program('with_aiohttp.py'), url],
        { SSL_CERT_FILE: stage.facts.caFile },
      ),
  },
  {
    name: 'pip',
    setting: 'nothing; a private CA in `PIP_CERT`',
    parts: ['python'],
    version: ({ python }) => [`${python}/bin/pip`, '--version'],
    prepare: async (stage) =>
      (await startIndex(stage)).map((index) => ({
        title: `install, ${index.startsWith('https') ? 'HTTPS' : 'HTTP'}`,
        command: [
          'sh',
          '-ec',
          '"$0/bin/pip" install -q --retries 0 --no-cache-dir --target here --index-url "$1" spacetail-demo && PYTHONPATH=here "$0/bin/python" -m spacetail_demo',
          stage.parts.python,
          index,
        ],
        // A plain index is trusted only by name.
        env: {
          PIP_CERT: stage.facts.caFile,
          PIP_TRUSTED_HOST: index.startsWith('https') ? '' : stage.host,
          PIP_DISABLE_PIP_VERSION_CHECK: '1',
        },
        expect: /installed from the tailnet/,
        // Whatever went wrong with the index.
        withoutBridge: /No matching distribution found/,
      })),
  },
];
