import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** One page of a headless Chromium. */
export interface Browser {
  open(url: string): Promise<void>;
  /** The value of a JavaScript expression in the page; a promise is awaited. */
  evaluate(expression: string): Promise<unknown>;
  /** PNG. */
  screenshot(width: number, height: number): Promise<Buffer>;
  /** What the page logged, its policy's violations and uncaught errors among it. */
  readonly console: readonly string[];
  close(): Promise<void>;
}

/** Debian's name, and those that Ubuntu and Google use. */
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** @throws Error when there is none on PATH */
function findChromium(): string {
  const folders = (process.env['PATH'] ?? '').split(':');
  const found = names.find((name) => folders.some((folder) => existsSync(join(folder, name))));
  if (found === undefined) throw new Error(`none of ${names.join(', ')} is installed`);
  return found;
}

/**
 * Starts Chromium and speaks the DevTools protocol with it over a pipe.
 *
 * @param profile - an empty folder
 */
export async function startChromium(profile: string): Promise<Browser> {
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update'];
  const own = [`--user-data-dir=${profile}`, '--remote-debugging-pipe', 'about:blank'];
  const child = spawn(findChromium(), [...flags, ...quiet, ...own], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  await once(child, 'spawn');
  const ended = once(child, 'exit');
  const pipe = speak(child.stdio[3] as Writable, child.stdio[4] as Readable);
  void ended.then(() => pipe.fail('Chromium ended'));
  const { targetId } = await pipe.call('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await pipe.call('Target.attachToTarget', { targetId, flatten: true });
  const call = (method: string, params = {}): Promise<Record<string, unknown>> =>
    pipe.call(method, params, String(sessionId));
  await Promise.all([call('Page.enable'), call('Runtime.enable'), call('Log.enable')]);
  return {
    console: pipe.console,
    async open(url) {
      const loaded = pipe.event('Page.loadEventFired');
      await call('Page.navigate', { url });
      await loaded;
    },
    async evaluate(expression) {
      const options = { expression, awaitPromise: true, returnByValue: true };
      const { result, exceptionDetails } = await call('Runtime.evaluate', options);
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { value?: unknown }).value;
    },
    async screenshot(width, height) {
      const metrics = { width, height, deviceScaleFactor: 1, mobile: false };
      await call('Emulation.setDeviceMetricsOverride', metrics);
      return Buffer.from(String((await call('Page.captureScreenshot'))['data']), 'base64');
    },
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** NUL-terminated JSON in both directions. */
function speak(to: Writable, from: Readable) {
  const waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  const events = new Map<string, PromiseWithResolvers<void>>();
  const console: string[] = [];
  let lastId = 0;
  let partial = '';
  to.on('error', () => undefined);
  from.setEncoding('utf8').on('data', (text: string) => {
    const messages = (partial + text).split('\0');
    partial = messages.pop() ?? '';
    for (const message of messages) receive(JSON.parse(message) as Reply);
  });
  const receive = ({ id, method = '', params, result, error }: Reply): void => {
    events.get(method)?.resolve();
    if (/^(Log.entryAdded|Runtime.exceptionThrown|Runtime.consoleAPICalled)$/.test(method)) {
      console.push(JSON.stringify(params));
    }
    const request = id === undefined ? undefined : waiting.get(id);
    if (error !== undefined) request?.reject(new Error(error.message));
    else request?.resolve(result ?? {});
  };
  return {
    console,
    call(method: string, params: object, sessionId?: string) {
      lastId += 1;
      const request = Promise.withResolvers<Record<string, unknown>>();
      waiting.set(lastId, request);
      to.write(`${JSON.stringify({ id: lastId, method, params, sessionId })}\0`);
      return request.promise;
    },
    event(method: string) {
      const event = Promise.withResolvers<void>();
      events.set(method, event);
      return event.promise;
    },
    fail(why: string) {
      for (const request of waiting.values()) request.reject(new Error(why));
    },
  };
}
