/** Clients and origins that go at any moment, are slow, say nothing or read nothing. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { httpOrigin, tcpOrigin } from '../../support/origins.ts';
import { waitFor } from '../../support/wait-for.ts';
import { ask, connectTo, get, pour } from '../ask.ts';
import type { WireCase } from '../wire-case.ts';

const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** More than all buffers of a way hold. */
const HELD_BACK = 64 * 1024 * 1024;

/** Waits until nothing more is taken. */
async function untilStill(written: () => number): Promise<number> {
  let before = -1;
  await waitFor(() => written() === before || ((before = written()), false), {
    intervalMs: 200,
    what: 'a sender that is held back',
  });
  return before;
}

export const faultCases: WireCase[] = [
  {
    title: '8 MiB go up and come back unaltered, with a length and chunked',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (request, response) => {
        request.pipe(response);
      });
      const sent = randomBytes(8 * 1024 * 1024);
      for (const [at, headers] of [
        { 'content-length': sent.length },
        { 'transfer-encoding': 'chunked' },
      ].entries()) {
        const request = httpRequest({
          host: '127.0.0.1',
          port: way.httpPort,
          method: 'PUT',
          path: `http://${way.host}:${origin.port}/`,
          headers: { ...headers, host: `${way.host}:${origin.port}` },
          agent: false,
        });
        request.end(sent);
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        t.equal(sha(Buffer.concat(chunks)), sha(sent));
        const whole = { bytesUp: sent.length, bytesDown: sent.length, closeReason: 'complete' };
        t.match(await way.record(at), whole);
      }
    },
  },
  {
    title: 'a client of CONNECT that goes away at any moment leaves nothing open',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => socket.pipe(socket));
      const request = `${connectTo(way, origin.port)}bytes`;
      for (let cut = 1; cut <= request.length; cut += 3) {
        const client = await ask(way, request.slice(0, cut));
        if (cut % 2 === 0) client.socket.resetAndDestroy();
        else client.socket.destroy();
      }
      const last = await ask(way, request);
      await last.until(/bytes$/u);
      last.socket.destroy();
      await waitFor(async () => origin.open.size === 0 && (await way.openTunnels()) === 0, {
        what: 'no connection and no tunnel',
      });
      await way.record();
      t.ok(way.records().every(({ status }) => [200, 400, 499].includes(status)));
    },
  },
  {
    title: 'a client that goes away at any moment ends its request to the origin',
    run: async (t, way) => {
      const origin = await httpOrigin(t, (request, response) => {
        request.resume();
        response.write('first');
      });
      const request = `POST http://${way.host}:${origin.port}/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n`;
      for (let cut = 1; cut <= request.length; cut += 4) {
        const client = await ask(way, request.slice(0, cut));
        if (cut % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
        if (cut % 2 === 0) client.socket.resetAndDestroy();
        else client.socket.destroy();
      }
      const reading = await ask(way, request);
      await reading.until(/first/u);
      reading.socket.destroy();
      await waitFor(() => origin.open.size === 0, { what: 'no connection to the origin' });
      await waitFor(
        () => way.records().some(({ status, error }) => status === 200 && error === 'client_gone'),
        { what: 'the record of the one that was answered' },
      );
      t.ok(way.records().every(({ status }) => [200, 400, 499].includes(status)));
    },
  },
  {
    title: 'an origin that goes away at any moment is 502 or a cut answer, and the bridge goes on',
    run: async (t, way) => {
      const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789';
      let cut = 0;
      const origin = await tcpOrigin(t, (socket) => {
        socket.once('data', () => {
          if (cut % 2 === 0) socket.end(whole.slice(0, cut));
          else socket.write(whole.slice(0, cut), () => socket.resetAndDestroy());
        });
      });
      for (; cut < whole.length; cut += 1) {
        const client = await ask(way, get(way, origin.port, 'Connection: close\r\n'));
        const text = await client.rest();
        t.notMatch(text, /0123456789$/u);
        client.socket.destroy();
      }
      await way.record(whole.length - 1);
      t.equal(way.records().length, whole.length);
      t.ok(
        way
          .records()
          .every(({ status, error }) => (status === 502 || status === 200) && error !== null),
      );
      await waitFor(() => origin.open.size === 0, { what: 'no connection to the origin' });
    },
  },
  {
    title: 'an origin that is slow is heard byte by byte',
    run: async (t, way) => {
      const answer = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nslow\r\n0\r\n\r\n';
      const origin = await tcpOrigin(t, (socket) => {
        let sent = 0;
        const next = (): void => {
          socket.write(answer.charAt(sent));
          sent += 1;
          if (sent < answer.length) setTimeout(next, 2);
        };
        socket.once('data', next);
      });
      const client = await ask(way, get(way, origin.port));
      const text = await client.until(/0\r\n\r\n$/u);
      const body = text.slice(text.indexOf('\r\n\r\n') + 4).replaceAll(/[\da-f]*\r\n/gu, '');
      t.equal(body, 'slow');
      client.socket.destroy();
    },
  },
  {
    title: 'an origin that says nothing is left when its client leaves',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => socket.resume().on('end', () => socket.end()));
      for (const leave of ['destroy', 'resetAndDestroy'] as const) {
        const client = await ask(way, get(way, origin.port));
        await waitFor(() => origin.open.size === 1, { what: 'a connection to the origin' });
        client.socket[leave]();
        await waitFor(() => origin.open.size === 0, { what: `no connection after ${leave}` });
      }
      t.match(await way.record(1), { status: 499, error: 'client_gone' });
    },
  },
  {
    title: 'a client that never reads holds back the origin, not the memory',
    run: async (t, way) => {
      let written = (): number => 0;
      const origin = await httpOrigin(t, (_request, response) => {
        written = pour(response);
      });
      const client = await ask(way);
      client.socket.pause();
      client.socket.write(get(way, origin.port));
      await waitFor(() => written() > 0, { what: 'the beginning of the answer' });
      const bytes = await untilStill(() => written());
      t.ok(bytes < HELD_BACK, `${bytes} bytes`);
      client.socket.destroy();
      t.match(await way.record(), { error: 'client_gone' });
      await waitFor(() => origin.open.size === 0, { what: 'no connection to the origin' });
    },
  },
  {
    title: 'an origin that never reads holds back its client, not the memory',
    run: async (t, way) => {
      const origin = await tcpOrigin(t, (socket) => socket.pause());
      const heads = [
        connectTo(way, origin.port),
        `POST http://${way.host}:${origin.port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n`,
      ];
      for (const head of heads) {
        const client = await ask(way, head);
        const bytes = await untilStill(pour(client.socket));
        t.ok(bytes < HELD_BACK, `${bytes} bytes`);
        client.socket.destroy();
        for (const socket of origin.open) socket.destroy();
      }
      await way.record(1);
    },
  },
];
