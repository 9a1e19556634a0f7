import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';

/** The one repository, below `/git/`. */
export const GIT_REPOSITORY = 'demo.git';

/** Makes a bare repository with a few commits, clonable and pushable, in `root`. */
export function makeGitRepository(root: string): void {
  const work = join(root, 'work');
  mkdirSync(work, { recursive: true });
  const git = (cwd: string, ...args: string[]): void => {
    execFileSync('git', args, { cwd, env: gitEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] });
  };
  git(work, 'init', '--quiet', '--initial-branch=main');
  writeFileSync(join(work, 'README.md'), '# A repository on the tailnet\n');
  // Big enough that a clone is more than one packet, and cannot be compressed away.
  let seed = 1;
  const noise = Buffer.alloc(512 * 1024).map(
    () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 16,
  );
  writeFileSync(join(work, 'noise.bin'), noise);
  git(work, 'add', '.');
  git(work, 'commit', '--quiet', '--message=first');
  git(work, 'commit', '--quiet', '--allow-empty', '--message=second');
  git(root, 'clone', '--quiet', '--bare', work, GIT_REPOSITORY);
  const bare = join(root, GIT_REPOSITORY);
  git(bare, 'config', 'http.receivepack', 'true');
  git(bare, 'update-server-info');
}

function gitEnvironment(): Record<string, string> {
  const person = { NAME: 'harness', EMAIL: 'harness@example.com' };
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: person.NAME,
    GIT_AUTHOR_EMAIL: person.EMAIL,
    GIT_COMMITTER_NAME: person.NAME,
    GIT_COMMITTER_EMAIL: person.EMAIL,
  };
}

/** Answers a request below `/git/` by git's own CGI program (git-http-backend(1), RFC 3875). */
export function serveGit(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://git.invalid');
  const { headers } = request;
  const child = spawn('git', ['http-backend'], {
    env: {
      ...gitEnvironment(),
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: url.pathname.slice('/git'.length),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: headers['content-type'] ?? '',
      CONTENT_LENGTH: headers['content-length'] ?? '',
      HTTP_CONTENT_ENCODING: headers['content-encoding'] ?? '',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  request.pipe(child.stdin);
  child.stdin.on('error', () => {});
  response.on('close', () => child.kill());
  child.on('error', () => response.writeHead(500).end());
  relayCgi(child.stdout, response);
}

function relayCgi(stdout: NodeJS.ReadableStream, response: ServerResponse): void {
  let head: Buffer | undefined = Buffer.alloc(0);
  stdout.on('data', (chunk: Buffer) => {
    if (head === undefined) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return;
    let status = 200;
    for (const line of head.toString('latin1', 0, end).split('\r\n')) {
      const colon = line.indexOf(':');
      const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
      if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    }
    response.writeHead(status).write(head.subarray(end + 4));
    head = undefined;
  });
  stdout.on('end', () => (response.headersSent ? response.end() : response.writeHead(500).end()));
}
