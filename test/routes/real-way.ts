/** The route by a run of spacetail as users have it, joined to the offline tailnet, to the node `web`. */
import type { Spacetail } from '../integration/spacetail.ts';
import type { LogLine } from '../support/log-lines.ts';
import { rawClient } from '../support/bridge.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Way, WayCertificate, WireRecord } from './way.ts';

/** Ids count up in the order in which requests begin, and one run serves all cases: `run-17` is 17. */
const numberOf = (line: LogLine): number => Number(String(line['id']).split('-').at(-1));

function recordOf(line: LogLine): WireRecord {
  return {
    proto: line['proto'],
    method: line['method'],
    port: line['port'],
    route: line['route'],
    status: line.status,
    error: line['error'],
    closeReason: line['close_reason'],
    bytesUp: line['bytes_up'],
    bytesDown: line['bytes_down'],
  } as WireRecord;
}

/** What has begun before this is none of the next case's. */
async function lastNumber(spacetail: Spacetail): Promise<number> {
  const before = spacetail.accessLog().length;
  const name = `case-${before}`;
  const client = await rawClient(spacetail.httpPort, `CONNECT ${name}:0 HTTP/1.1\r\n\r\n`);
  await client.rest();
  client.socket.destroy();
  const isMarker = (line: LogLine): boolean => line['proto'] === 'connect' && line.status === 400;
  const marker = await waitFor(() => spacetail.accessLog().slice(before).findLast(isMarker), {
    what: 'the line between two cases',
  });
  return numberOf(marker);
}

/** @param spacetail - up */
export async function realWay(spacetail: Spacetail, certificate: WayCertificate): Promise<Way> {
  const begin = await lastNumber(spacetail);
  const records = (): WireRecord[] =>
    spacetail
      .accessLog()
      .filter((line) => numberOf(line) > begin)
      .map(recordOf);
  return {
    route: 'real tailnet',
    host: 'web',
    httpPort: spacetail.httpPort,
    socksPort: spacetail.socksPort,
    certificate,
    records,
    record: (at = 0) => waitFor(() => records()[at], { what: `record ${at}` }),
    async openTunnels() {
      const metrics = await (await fetch(`${spacetail.proxy}/metrics`)).text();
      return Number(/^spacetail_open_tunnels (?<count>\d+)$/mu.exec(metrics)?.groups?.count);
    },
  };
}
