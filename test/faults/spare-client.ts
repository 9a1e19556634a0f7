import { setTimeout as sleep } from 'node:timers/promises';
import { rawClient } from '../support/bridge.ts';
import type { SpareOrigin } from './spare-origins.ts';

/** A client of an origin that never answers gives up after this. */
const PATIENCE_MS = 100;

/** One request from beginning to end. @param at - how many came before: each second one to HTTP is forwarded */
export async function askOnce(httpPort: number, origin: SpareOrigin, at: number): Promise<void> {
  if (origin.kind !== 'http' || at % 2 === 0) return tunnelOnce(httpPort, origin, at % 7 === 0);
  const target = `web:${origin.port}`;
  const client = await rawClient(
    httpPort,
    `GET http://${target}/ HTTP/1.1\r\nHost: ${target}\r\nConnection: close\r\n\r\n`,
  );
  await client.until(/ping$/);
  client.socket.destroy();
}

/** One tunnel, as a client of such an origin sees it. @param isMute - it leaves without a byte */
export async function tunnelOnce(
  httpPort: number,
  origin: SpareOrigin,
  isMute: boolean,
): Promise<void> {
  const target = `web:${origin.port}`;
  const client = await rawClient(httpPort, `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  try {
    // Reset before its answer: it was told so as well.
    const head = await client.until(/\r\n\r\n/).catch(() => '');
    if (!head.startsWith('HTTP/1.1 200')) return await origin.clientRefused();
    if (isMute) return;
    client.socket.write('ping');
    if (origin.kind === 'silent') await sleep(PATIENCE_MS);
    else await client.until(/ping$/).catch(() => origin.clientRefused());
  } finally {
    client.socket.destroy();
  }
}
