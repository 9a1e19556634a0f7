/** Readers of what tailscaled, its CLI and the kernel say. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSocketTable } from '../../src/commands/doctor/listening-sockets.ts';
import { indexOf } from '../../src/dns/index/build-index.ts';
import { readDnsConfig, readNetmapDns } from '../../src/dns/local-api/dns-config.ts';
import { isObject } from '../../src/dns/local-api/json-fields.ts';
import { atOnce } from '../support/netmap.ts';
import { normaliseName } from '../../src/dns/local-api/names.ts';
import { explainLogin } from '../../src/lifecycle/join/login-failure.ts';
import { parseProcessStat } from '../../src/lifecycle/folder/process-id.ts';
import { askFor, readAnswer } from '../../src/proxy/socket-tables/diag-messages.ts';
import { SocketTables } from '../../src/proxy/socket-tables/socket-table.ts';
import { TimeSlice } from '../../src/proxy/socket-tables/time-slice.ts';
import { canonicalAddress } from '../../src/ip/addresses.ts';
import { orRefused } from './target.ts';
import type { FuzzTarget } from './target.ts';

const side = {
  local: { host: '127.0.0.1', port: 0xa3_c2 },
  remote: { host: '127.0.0.1', port: 8080 },
};

export const systemTargets: readonly FuzzTarget[] = [
  {
    name: 'status',
    words: [
      '"Peer":',
      '"DNSName":"',
      '"AllowedIPs":[',
      '"100.64.0.1"',
      'null',
      '{',
      '}',
      '-1',
      '1e999',
    ],
    check(bytes) {
      const index = orRefused(() => atOnce(indexOf(bytes, 0)), 'status_unreadable');
      if (index === undefined) return;
      for (const peer of index.peers()) {
        for (const address of peer.addresses) {
          assert.equal(canonicalAddress(address), address);
          assert.ok(index.ownerOf(address, true) !== undefined, `${address} without an owner`);
        }
      }
    },
  },
  {
    name: 'dns-config',
    words: ['"Routes":{', '"ExtraRecords":[', '"Domains":', 'null', '[]', '{}', '"NetMap":'],
    check(bytes) {
      let json: unknown;
      try {
        json = JSON.parse(bytes.toString('utf8'));
      } catch {
        return;
      }
      if (!isObject(json)) return;
      readNetmapDns(json);
      const { splitSuffixes, searchDomains } = readDnsConfig(json);
      for (const name of [...splitSuffixes, ...searchDomains]) {
        assert.equal(normaliseName(name), name);
      }
    },
  },
  {
    name: 'login-output',
    words: ['invalid key', 'requested tags', 'expired', 'tskey-auth-', '\u001B[31m', '\n'],
    check(bytes) {
      const error = explainLogin(bytes.toString('utf8').split('\n'));
      assert.ok(error === undefined || error.message.length < bytes.length + 1000);
    },
  },
  {
    name: 'process-stat',
    words: [') ', '(', ' S ', ' 0', ' -1', '\n'],
    check(bytes) {
      const stat = parseProcessStat(bytes.toString('utf8'));
      assert.ok(stat === undefined || (stat.pid >= 0 && Number.isSafeInteger(stat.startTicks)));
    },
  },
  {
    name: 'socket-diag',
    words: ['\u0014\0', '\u0002\0', '\u0001\0\0\0', '\0\0\0\0'],
    check(bytes) {
      const asked = askFor(side, 1);
      // Most answers are of the question: what is behind it is to be read too.
      const head = asked.subarray(0, 12);
      for (const answer of [bytes, Buffer.concat([head, bytes])]) {
        const row = readAnswer(answer, asked);
        if (row === undefined || typeof row === 'string') continue;
        assert.match(row.inode, /^\d+$/);
        assert.ok(row.queuedBytes >= 0);
      }
    },
  },
  {
    name: 'socket-table',
    words: ['0100007F:1F90', ' 0A ', '00000000:0000', '\n', ' 1: ', 'sl local_address'],
    async check(bytes) {
      for (const { port, host } of parseSocketTable(bytes.toString('latin1'))) {
        assert.ok(port >= 0 && port <= 65_535 && host.length > 0, `${host} ${port}`);
      }
      const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
      try {
        mkdirSync(join(folder, 'net'));
        writeFileSync(join(folder, 'net', 'tcp'), bytes);
        const item = { end: side };
        const found = await new SocketTables(folder).findInodes([item], new TimeSlice());
        for (const inode of found.keys()) {
          assert.match(inode, /^(?!0$)\d+$/);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
];
