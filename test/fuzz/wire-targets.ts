/** Parsers of bytes that come from a socket. */
import assert from 'node:assert/strict';
import { requestFraming, responseFraming } from '../../src/http1/framing.ts';
import { readDnsAnswer } from '../../src/dns/local-api/dns-answer.ts';
import { readJsonLines } from '../../src/lifecycle/control/json-lines.ts';
import {
  formatAuthority,
  parseAbsoluteTarget,
  parseAuthority,
} from '../../src/proxy/core/authority.ts';
import type { Authority } from '../../src/proxy/core/authority.ts';
import { readConnectResponse } from '../../src/proxy/dial/http-connect.ts';
import { endToEnd, hostProblem, requestFields } from '../../src/proxy/http/fields.ts';
import { cut, readMessage } from '../http1/message.ts';
import { readSocksAnswer } from '../../src/proxy/dial/socks5-client.ts';
import { readGreeting, readPassword, readRequest } from '../../src/proxy/core/socks5.ts';
import { holdsForParts } from './target.ts';
import type { FuzzTarget } from './target.ts';

function isSound({ host, port, written }: Authority): void {
  assert.ok(port >= 1 && port <= 65_535, `port ${port}`);
  assert.ok(host.length > 0 && host.length <= 255, 'length of the host');
  // eslint-disable-next-line no-control-regex -- that there is none is the point
  assert.ok(!/[\0-\u0020@/?#\\\u007F]/.test(host), 'a character that ends a host');
  assert.ok(written === host || written === `[${host}]`, written);
  assert.deepEqual(parseAuthority(formatAuthority(host, port)), {
    kind: 'authority',
    authority: { written, host, port },
  });
}

/** `Name: value` lines as node:http's rawHeaders. */
function rawHeaders(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 1 ? [] : [line.slice(0, colon), line.slice(colon + 1)];
  });
}

export const wireTargets: readonly FuzzTarget[] = [
  {
    name: 'socks-greeting',
    words: ['\u0005\u0001\0', '\u0005\u0002\0\u0002'],
    check: (bytes) => {
      holdsForParts(readGreeting, bytes);
    },
  },
  {
    name: 'socks-password',
    words: ['\u0001\u0001a\u0001b'],
    check: (bytes) => {
      holdsForParts(readPassword, bytes);
    },
  },
  {
    name: 'socks-request',
    words: ['\u0005\u0001\0\u0001', '\u0005\u0001\0\u0003', '\u0005\u0001\0\u0004', '\u0003web'],
    check(bytes) {
      const read = readRequest(bytes);
      holdsForParts(readRequest, bytes);
      if (read.kind !== 'read') return;
      const { host, port } = read.value;
      assert.ok(port >= 0 && port <= 65_535);
      if (bytes[3] === 4) assert.equal(new URL(`http://[${host}]/`).hostname, `[${host}]`);
    },
  },
  {
    name: 'socks-answer',
    words: ['\u0005\0\u0005\0\0\u0001', '\u0005\u00FF', '\u0005\0\u0005\u0001\0\u0003'],
    check: (bytes) => {
      // A refusal may stand before the whole of what it is part of.
      const whole = readSocksAnswer(bytes);
      if (whole.kind !== 'read' || whole.value !== 0) return;
      holdsForParts(readSocksAnswer, bytes);
    },
  },
  ...(['request', 'answer'] as const).map((kind): FuzzTarget => ({
    name: `http1-${kind}`,
    words:
      '\r\n|\n|\r| |\t|\0|:|;|, |\u00FC| HTTP/1.1|HTTP/1.0 |Content-Length: 3\r\n|Transfer-Encoding: chunked\r\n|5\r\n|0\r\n'.split(
        '|',
      ),
    check(bytes) {
      const whole = readMessage(kind, [bytes]);
      // In whatever pieces it comes, it is the same message.
      const bytewise = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
      for (const pieces of [bytewise, cut(bytes, [0.2, 0.5, 0.9]), cut(bytes, [0.97])]) {
        const read = readMessage(kind, pieces);
        // What is wrong first depends on what has come.
        if (read.kind !== 'malformed' || whole.kind !== 'malformed') assert.deepEqual(read, whole);
      }
      if (whole.kind !== 'whole') return;
      const text = [whole.start, ...whole.fields, ...whole.trailers].join(' ');
      // eslint-disable-next-line no-control-regex -- that there is none is the point
      assert.ok(!/[\0\r\n]/u.test(text), 'a line end or NUL got through');
    },
  })),
  {
    name: 'authority',
    words: [':443', '[::1]', '@', 'web', '%', '..', ':0', '\\', '[', ']'],
    check(bytes) {
      const parsed = parseAuthority(bytes.toString('latin1'));
      if (parsed.kind === 'authority') isSound(parsed.authority);
    },
  },
  {
    name: 'absolute-target',
    words: ['http://', 'ws://', '@', ':80', '/', '?', '#', '[::1]', '\\'],
    check(bytes) {
      const parsed = parseAbsoluteTarget(bytes.toString('latin1'), 'GET');
      if (parsed.kind !== 'target') return;
      isSound(parsed.authority);
      assert.match(parsed.path, /^\//u);
      assert.ok(!parsed.path.includes('#'));
    },
  },
  {
    name: 'fields',
    words: [
      'Connection: ',
      'Transfer-Encoding: chunked\n',
      'Content-Length: 1\n',
      'Host: a\n',
      ', ',
    ],
    check(bytes) {
      const raw = rawHeaders(bytes.toString('latin1'));
      for (const version of ['1.0', '1.1'] as const) {
        hostProblem(raw, version);
        const head = { version, fields: raw, reason: '', method: 'GET', target: '/', status: 200 };
        const framing = requestFraming(head);
        if (framing.kind !== 'none') assert.deepEqual(responseFraming(head, 'GET'), framing);
      }
      const kept = endToEnd(raw);
      assert.deepEqual(endToEnd(kept), kept, 'a second hop would take off more');
      const names = requestFields(raw, {
        host: 'next.example',
        isChunked: false,
        upgrade: undefined,
        keepsExpect: true,
      })
        .filter((_, at) => at % 2 === 0)
        .map((name) => name.toLowerCase());
      assert.equal(names.filter((name) => name === 'host').length, 1);
      for (const gone of ['connection', 'proxy-authorization', 'keep-alive', 'te']) {
        assert.ok(!names.includes(gone), gone);
      }
    },
  },
  {
    name: 'upstream-answer',
    words: ['HTTP/1.1 200 OK\r\n', 'HTTP/1.0 407 No\r\n', '\r\n\r\n', '\n\n'],
    check: (bytes) => {
      holdsForParts(readConnectResponse, bytes);
    },
  },
  {
    name: 'dns-answer',
    words: ['\u00C0\u000C', '\0\u0001\0\u0001', '\0\u0005', '\u0003web\u0004corp\0'],
    check(bytes) {
      for (const type of ['A', 'AAAA'] as const) {
        const answer = readDnsAnswer(bytes, 'web.corp', type);
        if (answer.kind !== 'addresses') continue;
        assert.ok(answer.addresses.length > 0);
        for (const address of answer.addresses) {
          assert.ok(type === 'AAAA' || /^[\d.]+$/.test(address), address);
        }
      }
    },
  },
  {
    name: 'json-lines',
    words: ['{"a":1}\n', '\n', '"', '{', '\\u0000'],
    async check(bytes) {
      const half = bytes.length >> 1;
      const inOne = await linesOf([bytes]);
      assert.deepEqual(await linesOf([bytes.subarray(0, half), bytes.subarray(half)]), inOne);
    },
  },
];

/** The values before the end or before the first line that is not JSON. */
async function linesOf(chunks: readonly Buffer[]): Promise<unknown[]> {
  const values: unknown[] = [];
  async function* stream(): AsyncGenerator<Buffer> {
    for (const chunk of chunks) yield await Promise.resolve(chunk);
  }
  try {
    for await (const value of readJsonLines(stream())) values.push(value);
  } catch (error) {
    assert.ok(error instanceof Error);
  }
  return values;
}
