/** The bridge's own pages, asked for in origin-form: /healthz, /readyz, /metrics, /proxy.pac, / and its events. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { EventStreams } from './event-stream.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Overview } from './overview.ts';
import { contentSecurityPolicy, pageHtml } from './page-html.ts';
import { refuseForeign, refuseWithoutToken } from './page-guard.ts';
import type { ProxyToken } from '../inbound/proxy-token.ts';
import { proxyAutoConfig } from './proxy-auto-config.ts';
import type { PacListeners } from './proxy-auto-config.ts';
import type { RequestFeed } from './request-feed.ts';

interface Health {
  readonly isWell: boolean;
  /** One line. */
  readonly detail: string;
}

export interface PagesOptions {
  /** SPACETAIL_PROXY_TOKEN; wanted for everything that names hosts. */
  readonly token: Pick<ProxyToken, 'isRequired' | 'isRight'>;
  readonly feed: RequestFeed;
  readonly metrics: Pick<Metrics, 'contentType' | 'text'>;
  /** As bound. */
  listeners(): PacListeners;
  overview(): Overview;
  /** Whether the process does its work; for liveness probes. */
  health(): Health;
  /** Whether requests to the tailnet would be answered now; for readiness probes. */
  readiness(): Health;
}

export interface Pages {
  /** Answers a request in origin-form. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Ends event streams, which would hold up a drain. */
  close(): void;
}

interface Page {
  readonly needsToken: boolean;
  serve(response: ServerResponse): void | Promise<void>;
}

export function createPages(options: PagesOptions): Pages {
  const streams = new EventStreams(options);
  const pages = new Map<string, Page>(Object.entries(pagesOf(options, streams)));
  return {
    handle(request, response) {
      const refusal = refuseForeign(request);
      if (refusal !== undefined) return answer(response, refusal.status, refusal.reason);
      const [path = ''] = (request.url ?? '').split('?', 1);
      const page = pages.get(path);
      if (page === undefined)
        return answer(response, 404, `spacetail has no page ${JSON.stringify(path)}.`);
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return answer(response, 405, 'Only GET and HEAD.', { allow: 'GET, HEAD' });
      }
      const missing = page.needsToken ? refuseWithoutToken(request, options.token) : undefined;
      if (missing !== undefined) {
        return answer(response, missing.status, missing.reason, {
          'www-authenticate': 'Basic realm="spacetail", charset="UTF-8"',
        });
      }
      void serve(page, response);
    },
    close: () => streams.close(),
  };
}

async function serve(page: Page, response: ServerResponse): Promise<void> {
  try {
    await page.serve(response);
  } catch {
    if (response.headersSent) response.destroy();
    else answer(response, 500, 'The page could not be made.');
  }
}

function pagesOf(options: PagesOptions, streams: EventStreams): Record<string, Page> {
  return {
    '/healthz': open((response) => answerHealth(response, options.health())),
    '/readyz': open((response) => answerHealth(response, options.readiness())),
    '/proxy.pac': open((response) =>
      send(response, 'application/x-ns-proxy-autoconfig', proxyAutoConfig(options.listeners())),
    ),
    '/metrics': guarded(async (response) =>
      send(response, options.metrics.contentType, await options.metrics.text()),
    ),
    '/': guarded((response) =>
      send(response, 'text/html; charset=utf-8', pageHtml, {
        'content-security-policy': contentSecurityPolicy,
      }),
    ),
    '/events': guarded((response) => {
      if (streams.isFull) answer(response, 503, 'Too many pages are open.', { 'retry-after': '5' });
      else if (response.req.method === 'HEAD') send(response, 'text/event-stream', '');
      else streams.serve(response, commonHeaders);
    }),
  };
}

const open = (serve: Page['serve']): Page => ({ needsToken: false, serve });
const guarded = (serve: Page['serve']): Page => ({ needsToken: true, serve });

const commonHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

function answerHealth(response: ServerResponse, { isWell, detail }: Health): void {
  answer(response, isWell ? 200 : 503, detail);
}

/** One line of plain text. */
function answer(
  response: ServerResponse,
  status: number,
  line: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    ...commonHeaders,
    'content-type': 'text/plain; charset=utf-8',
    ...headers,
  });
  response.end(`${line}\n`);
}

function send(
  response: ServerResponse,
  contentType: string,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, { ...commonHeaders, 'content-type': contentType, ...headers });
  response.end(body);
}
