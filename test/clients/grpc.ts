/** grpc-go: CONNECT through HTTPS_PROXY for plain text and for TLS. */
import type { Client, Stage, Trial } from './client.ts';
import { startService } from './services.ts';

async function startServer(stage: Stage, files: readonly string[]): Promise<number> {
  const server = startService(stage, [stage.parts.grpc, 'serve', ...files]);
  const [port = ''] = await server.printed(/^\d+(?=\n)/);
  return await stage.open(Number(port));
}

export const grpcClient: Client = {
  name: 'grpc-go',
  setting: 'nothing',
  parts: ['grpc'],
  version: ({ grpc }) => [
    'sh',
    '-c',
    `go version -m '${grpc}' | grep 'dep.*google.golang.org/grpc'`,
  ],
  async prepare(stage) {
    const { caFile, certFile, keyFile } = stage.facts;
    const plain = `${stage.host}:${await startServer(stage, [])}`;
    const tls = `${stage.host}:${await startServer(stage, [certFile, keyFile])}`;
    const trial = (kind: 'unary' | 'stream', target: string, ca: readonly string[]): Trial => ({
      title: `${kind === 'unary' ? 'unary' : 'streaming'}, ${ca.length === 0 ? 'plain' : 'TLS'}`,
      command: [stage.parts.grpc, kind, target, ...ca],
      expect:
        kind === 'unary'
          ? /^unary SERVING$/m
          : /stream SERVING\nstream NOT_SERVING\nstream SERVING/,
    });
    return (['unary', 'stream'] as const).flatMap((kind) => [
      trial(kind, plain, []),
      trial(kind, tls, [caFile]),
    ]);
  },
};
