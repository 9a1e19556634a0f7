/** An HTTP proxy in the place of one that a container must use: it carries, and remembers what it was asked. */
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

export interface RecordingProxy {
  readonly port: number;
  /** In the order of arrival; `target` is `CONNECT host:port` or an absolute URI. */
  readonly asked: { readonly target: string; readonly authorization: string | undefined }[];
}

/** Whatever host is asked for, the port is dialled on `host`. */
export async function recordingProxy(
  t: { teardown(action: () => unknown): unknown },
  host = '127.0.0.1',
): Promise<RecordingProxy> {
  const asked: RecordingProxy['asked'] = [];
  const sockets = new Set<Socket>();
  const remember = (target: string, headers: Record<string, unknown>): void => {
    const authorization = headers['proxy-authorization'] as string | undefined;
    asked.push({ target, authorization });
  };
  const server = createServer((request, response) => {
    const target = request.url ?? '';
    remember(target, request.headers);
    const { port, pathname, search } = new URL(target);
    const { method = 'GET', headers } = request;
    const onward = send({ host, port: port || 80, path: pathname + search, method, headers });
    onward.on('error', () => response.destroy());
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on('connect', (request, client: Socket) => {
    remember(`CONNECT ${request.url}`, request.headers);
    const origin = connect(Number(request.url?.split(':').at(-1)), host);
    origin.on('error', () => client.destroy());
    client.on('error', () => origin.destroy());
    client.write('HTTP/1.1 200 OK\r\n\r\n');
    client.pipe(origin).pipe(client);
  });
  // tailscaled upgrades its connection to the control server.
  server.on('upgrade', (request, client: Socket, head) => {
    const target = new URL(request.url ?? '');
    remember(target.href, request.headers);
    const origin = connect(Number(target.port || 80), host);
    origin.on('error', () => client.destroy());
    client.on('error', () => origin.destroy());
    const fields = Object.entries(request.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value) => `${name}: ${value}\r\n`),
    );
    origin.write(
      `${request.method} ${target.pathname}${target.search} HTTP/1.1\r\n${fields.join('')}\r\n`,
    );
    origin.write(head);
    client.pipe(origin).pipe(client);
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { asked, port: (server.address() as AddressInfo).port };
}
