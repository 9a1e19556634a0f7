/** Parsers of texts that come from files, variables and programs. */
import assert from 'node:assert/strict';
import { parseForward } from '../../src/commands/forward-spec.ts';
import { prettyLines } from '../../src/commands/pretty-log.ts';
import { editEnvironment } from '../../src/commands/saved-environment.ts';
import { adaptExtraArgs } from '../../src/config/extra-args.ts';
import { parseDurationMs, parseListenAddress } from '../../src/config/values.ts';
import { parseHosts } from '../../src/dns/resolve/hosts-file.ts';
import { normaliseName } from '../../src/dns/local-api/names.ts';
import { candidatesOf, parseResolvConf } from '../../src/dns/resolve/resolv-conf.ts';
import { readVia6Address, readVia6Name } from '../../src/dns/resolve/via6.ts';
import { splitShellWords } from '../../src/lifecycle/tailscaled/shell-words.ts';
import { noProxyOf } from '../../src/no-proxy.ts';
import { canonicalAddress, formatAddress, parseAddress } from '../../src/ip/addresses.ts';
import { parsePolicyFile } from '../../src/proxy/policy/policy-file.ts';
import { parseRules } from '../../src/proxy/policy/rules.ts';
import { orRefused } from './target.ts';
import type { FuzzTarget } from './target.ts';

const textOf = (bytes: Buffer): string => bytes.toString('utf8');
const pretty = prettyLines(false);

/** A word as a shell takes it without any expansion. */
const quoted = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

export const textTargets: readonly FuzzTarget[] = [
  {
    name: 'rule',
    words: [
      'tag:',
      'peer:',
      'direct:',
      'tailnet:',
      '*.',
      '**',
      ':443',
      ':1-9',
      '/8',
      '[::1]',
      ':*',
    ],
    check(bytes) {
      const rules = orRefused(
        () => parseRules([{ text: textOf(bytes), place: 'X[1]' }]),
        'config_invalid',
      );
      for (const rule of rules ?? []) {
        assert.ok(rule.fromPort >= 1 && rule.fromPort <= rule.toPort && rule.toPort <= 65_535);
      }
    },
  },
  {
    name: 'policy-file',
    words: [
      'allow:\n',
      'deny:\n',
      '- ',
      'roles:\n',
      '&a ',
      '*a',
      '!!js ',
      '{',
      '[',
      ': ',
      '\t',
      '|\n',
    ],
    check: (bytes) => {
      const policy = orRefused(() => parsePolicyFile(textOf(bytes), 'p.yaml'), 'config_invalid');
      for (const rule of policy?.allow ?? []) assert.match(rule.place, /^p\.yaml:\d+$/);
    },
  },
  {
    name: 'shell-words',
    words: ["'", '"', '\\', '$X', '#', ';', '`', '--flag=', ' '],
    check(bytes) {
      const text = textOf(bytes);
      const split = orRefused(() => splitShellWords(text, 'X'), 'config_invalid');
      if (split === undefined) return;
      assert.deepEqual(splitShellWords(split.map(quoted).join(' '), 'X'), split);
    },
  },
  {
    name: 'extra-args',
    words: ['--auth-key=', '--ssh', '--tun=', '--socks5-server=', '-', '=', '--', ' '],
    check(bytes) {
      const text = textOf(bytes);
      orRefused(() => adaptExtraArgs(text, ''), 'config_invalid');
      orRefused(() => adaptExtraArgs('', text), 'config_invalid');
    },
  },
  {
    name: 'forward',
    words: ['127.0.0.1:', '[::1]', ':', '5432', 'db'],
    check(bytes) {
      const spec = orRefused(() => parseForward(textOf(bytes)), 'config_invalid');
      assert.ok(
        spec === undefined || (spec.port >= 1 && spec.port <= 65_535 && spec.bindPort >= 0),
      );
    },
  },
  {
    name: 'saved-environment',
    words: ['export ', 'declare -x ', 'HTTP_PROXY=', "'", '"', "$'", '\\', '\n', '\r\n', 'X='],
    check(bytes) {
      const text = bytes.toString('latin1');
      const seen: string[] = [];
      const kept = editEnvironment(text, (name) => {
        seen.push(name);
        return { kind: 'keep' };
      });
      assert.equal(kept, text, 'what is kept changed');
      const without = editEnvironment(text, () => ({ kind: 'remove' }));
      assert.ok(without.length < text.length || seen.length === 0);
      let replaced = 0;
      const other = editEnvironment(text, () => ({ kind: 'replace', value: 'http://a:1' }));
      editEnvironment(other, (_, value) => {
        if (value === 'http://a:1') replaced += 1;
        return { kind: 'keep' };
      });
      assert.ok(replaced >= seen.length, 'a value that was put in cannot be read back');
    },
  },
  {
    name: 'values',
    words: ['127.0.0.1:', '[::1]:', '1m30s', '500ms', '1e9s', '-1s', ':0'],
    check(bytes) {
      const text = textOf(bytes);
      const ms = parseDurationMs(text);
      assert.ok(ms === undefined || (Number.isFinite(ms) && ms >= 0), `${ms} ms`);
      const listen = parseListenAddress(text);
      assert.ok(listen === undefined || (listen.port >= 0 && listen.port <= 65_535));
    },
  },
  {
    name: 'no-proxy',
    words: ['*', '.suffix', '10.0.0.0/8', ':80', '[::1]', ',', '/'],
    check(bytes) {
      const entries = textOf(bytes).split(',');
      const bypassed = noProxyOf(entries);
      for (const host of ['db.example', '10.1.2.3', '::1', ...entries]) bypassed(host);
    },
  },
  {
    name: 'name',
    words: ['.', '-', 'xn--', 'ß', 'ä', '。', '_', '-via-', '\u200D'],
    check(bytes) {
      const name = normaliseName(textOf(bytes));
      if (name === undefined) return;
      assert.equal(normaliseName(name), name);
      assert.ok(name.length <= 253);
      const via6 = readVia6Name(name);
      if (via6 !== undefined) assert.equal(readVia6Address(via6.address)?.address, via6.address);
    },
  },
  {
    name: 'address',
    words: ['0x7f', '127.1', '::ffff:', '64:ff9b::', '2130706433', '%eth0', '::', '.'],
    check(bytes) {
      const text = textOf(bytes);
      const canonical = canonicalAddress(text);
      if (canonical !== undefined) assert.equal(canonicalAddress(canonical), canonical);
      const address = parseAddress(text);
      if (address !== undefined) assert.equal(formatAddress(address), canonical);
    },
  },
  {
    name: 'resolv-conf',
    words: ['nameserver ', 'search ', 'options ', 'ndots:', 'timeout:', '#', '\n', '%lo'],
    check(bytes) {
      const conf = parseResolvConf(textOf(bytes));
      assert.ok(conf.servers.length >= 1 && conf.servers.length <= 3);
      assert.ok(conf.timeoutMs >= 100 && conf.timeoutMs <= 1500 && conf.attempts >= 1);
      for (const name of candidatesOf('web', false, conf)) assert.equal(normaliseName(name), name);
    },
  },
  {
    name: 'hosts',
    words: ['127.0.0.1 ', '::1 ', '#', '\n', 'localhost', '\t'],
    check(bytes) {
      for (const [name, addresses] of parseHosts(textOf(bytes))) {
        assert.equal(normaliseName(name), name);
        for (const address of addresses) assert.equal(canonicalAddress(address), address);
      }
    },
  },
  {
    name: 'log-line',
    words: ['{"msg":"request"', '"host":"', '}', '\u001B[31m', '\\u001b', ','],
    check(bytes) {
      const line = textOf(bytes).replaceAll('\n', ' ');
      let shown;
      try {
        shown = pretty(line);
      } catch (error) {
        assert.fail(`threw ${String(error)}`);
      }
      // eslint-disable-next-line no-control-regex -- that there is none is the point
      assert.ok(!/[\0-\u0008\u000B-\u001F\u007F]/.test(shown), 'a terminal would obey it');
    },
  },
];
