/** Readers of what tailscaled, its CLI and the kernel say. */
import assert from 'node:assert/strict';
import { indexOf } from '../../src/dns/index/build-index.ts';
import { readDnsConfig, readNetmapDns } from '../../src/dns/local-api/dns-config.ts';
import { isObject } from '../../src/dns/local-api/json-fields.ts';
import { atOnce } from '../support/netmap.ts';
import { normaliseName } from '../../src/dns/local-api/names.ts';
import { explainLogin } from '../../src/lifecycle/join/login-failure.ts';
import { parseProcessStat } from '../../src/lifecycle/folder/process-id.ts';
import { SocketTable } from '../../src/proxy/client-process/socket-table.ts';
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
    name: 'socket-table',
    words: ['0100007F:1F90', ' 0A ', '00000000:0000', '\n', ' 1: ', 'sl local_address'],
    check(bytes) {
      const text = bytes.toString('latin1');
      const table = new SocketTable(text, text);
      for (const { port, host } of table.listeners()) {
        assert.ok(port >= 0 && port <= 65_535 && host.length > 0, `${host} ${port}`);
      }
      const inode = table.inodeOf(side);
      if (inode !== undefined) assert.match(inode, /^\d+$/);
    },
  },
];
