/** What an OpenTofu stack talks to: a state server (the `http` backend's protocol) and an API of objects. */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import type { Stage } from './client.ts';
import { listenLocally } from './services.ts';

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  return text;
}

/** What serving needs of a stage. */
export type ServingStage = Pick<Stage, 'teardown' | 'facts' | 'host' | 'open'>;

/** @returns the URL on the node */
async function serve(
  stage: ServingStage,
  isTls: boolean,
  answer: RequestListener,
): Promise<string> {
  const { certFile, keyFile } = stage.facts;
  const server = isTls
    ? createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, answer)
    : createServer(answer);
  const port = await stage.open(await listenLocally(stage, server));
  return `${isTls ? 'https' : 'http'}://${stage.host}:${port}`;
}

export interface StateServer {
  readonly url: string;
  /** `LOCK`, `GET`, `POST`, `UNLOCK` in the order in which they were granted. */
  readonly granted: string[];
  /** Resources in the state; undefined when there is none. */
  resources(): number | undefined;
  isLocked(): boolean;
  /** Somebody else takes the lock. */
  lock(who: string): void;
}

/** The protocol of OpenTofu's `http` backend: the state by GET and POST, the lock by LOCK and UNLOCK, 423 when held. */
export async function startStateServer(
  stage: ServingStage,
  { isTls = false }: { readonly isTls?: boolean } = {},
): Promise<StateServer> {
  let state: string | undefined;
  let holder: string | undefined;
  const granted: string[] = [];
  const answer = async (
    method: string,
    id: string | null,
    body: string,
  ): Promise<readonly [number, string]> => {
    const holderId = holder && (JSON.parse(holder) as { ID: string }).ID;
    if (method === 'LOCK') {
      if (holder !== undefined) return [423, holder];
      holder = body;
    } else if (method === 'UNLOCK') {
      holder = undefined;
    } else if (method === 'POST') {
      // Only who holds the lock may write.
      if (id !== holderId) return [409, holder ?? 'not locked'];
      state = body;
    } else if (method === 'GET' && state === undefined) {
      return [404, ''];
    }
    granted.push(method);
    return [200, method === 'GET' ? (state ?? '') : ''];
  };
  const url = await serve(stage, isTls, (request, response) => {
    const id = new URL(request.url ?? '/', 'http://state.invalid').searchParams.get('ID');
    void bodyOf(request)
      .then((body) => answer(request.method ?? '', id, body))
      .then(([status, text]) => response.writeHead(status).end(text))
      .catch(() => response.destroy());
  });
  return {
    url: `${url}/state`,
    granted,
    resources: () =>
      state === undefined
        ? undefined
        : (JSON.parse(state) as { resources: unknown[] }).resources.length,
    isLocked: () => holder !== undefined,
    lock: (who) => {
      holder = JSON.stringify({ ID: 'somebody', Who: who, Operation: 'test' });
    },
  };
}

export interface ObjectServer {
  readonly url: string;
  /** `POST`, `GET`, `PUT`, `DELETE` in their order. */
  readonly asked: string[];
  readonly objects: Map<string, unknown>;
  /** Called when an object is being created; the answer waits for it. */
  onCreate: (() => Promise<void>) | undefined;
}

/** A REST API: POST /objects, then GET, PUT and DELETE /objects/ID. */
export async function startObjectServer(
  stage: ServingStage,
  { isTls = false }: { readonly isTls?: boolean } = {},
): Promise<ObjectServer> {
  const objects = new Map<string, unknown>();
  const asked: string[] = [];
  const server: { onCreate: ObjectServer['onCreate'] } = { onCreate: undefined };
  const answer = async (request: IncomingMessage): Promise<readonly [number, unknown]> => {
    const { method = '', url = '' } = request;
    const body = await bodyOf(request);
    asked.push(method);
    const id = url.split('/')[2] ?? (JSON.parse(body) as { id: string }).id;
    if (method === 'POST') await server.onCreate?.();
    if (method === 'POST' || method === 'PUT') objects.set(id, JSON.parse(body));
    else if (!objects.has(id)) return [404, {}];
    if (method === 'DELETE') objects.delete(id);
    return [200, objects.get(id) ?? {}];
  };
  const url = await serve(stage, isTls, (request, response) => {
    answer(request)
      .then(([status, value]) => response.writeHead(status).end(JSON.stringify(value)))
      .catch(() => response.destroy());
  });
  return Object.assign(server, { url, asked, objects });
}
