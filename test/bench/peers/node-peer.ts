/** The proxies that a Node program would be without us: `node-peer.ts KIND PORT FOLDER`, each in a process of its own. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Agent } from 'node:http';
import { createRequire } from 'node:module';
import { connect } from 'node:net';

/** What http-proxy and its continuation share. */
interface HttpProxyModule {
  createProxyServer(options: object): {
    web(request: IncomingMessage, response: ServerResponse, options: object): void;
    on(event: 'error', listener: (error: Error) => void): void;
  };
}

interface ProxyChainModule {
  Server: new (options: object) => { listen(): Promise<void> };
}

const [kind = '', portText = '', folder = ''] = process.argv.slice(2);
const port = Number(portText);
const load = createRequire(`${folder}/`);
const isReady = (): unknown => process.stdout.write('ready\n');

if (kind === 'proxy-chain') {
  const { Server } = load('proxy-chain') as ProxyChainModule;
  await new Server({ host: '127.0.0.1', port }).listen();
  isReady();
} else {
  const server = createServer();
  if (kind !== 'pipe') {
    // Its default opens a connection for each request; nobody who measures would leave that.
    const agent = new Agent({ keepAlive: true });
    const proxy = (load(kind) as HttpProxyModule).createProxyServer({ agent });
    proxy.on('error', () => {});
    server.on('request', (request, response) => {
      proxy.web(request, response, { target: new URL(request.url ?? '/').origin });
    });
  }
  // As the examples of Node's documentation have it.
  server.on('connect', (request: IncomingMessage, client, head: Buffer) => {
    const { hostname, port: to } = new URL(`http://${request.url}`);
    const upstream = connect(Number(to), hostname, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client);
      client.pipe(upstream);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
  });
  server.listen(port, '127.0.0.1', isReady);
}
