import t from 'tap';
import { canonicalAddress, parseAddress } from '../../../src/ip/addresses.ts';
import { parsePrefix } from '../../../src/ip/prefixes.ts';
import { noProxyOf } from '../../../src/no-proxy.ts';
import { parseAbsoluteTarget, parseAuthority } from '../../../src/proxy/core/authority.ts';
import { failure, answerOf, proxyStatus } from '../../../src/proxy/core/failure.ts';
import { proxyToken } from '../../../src/proxy/inbound/proxy-token.ts';
import { growthOf } from '../../support/growth.ts';

/** Linear work takes four times as long on four times the input, quadratic work sixteen times. */
const MOST_GROWTH = 8;

const token = proxyToken('secret');
const bypass = noProxyOf(['.example', '10.0.0.0/8']);

const parsers: Readonly<Record<string, (input: string) => unknown>> = {
  'the target of a CONNECT': (input) => parseAuthority(input, true),
  'an absolute target': (input) => parseAbsoluteTarget(input, 'GET', true),
  'an address in any spelling': canonicalAddress,
  'an address': parseAddress,
  'a prefix': parsePrefix,
  'a token': (input) => token.refusalOf(input),
  'NO_PROXY of the upstream': (input) => bypass(input),
  'a failure that quotes it': (input) => {
    const failed = failure('malformed', input, input);
    return [proxyStatus(failed), answerOf(failed)];
  },
};

const filled = (before: string, fill: string, after: string) => (length: number) =>
  `${before}${fill.repeat(Math.ceil((length - before.length - after.length) / fill.length))}${after}`;

const inputs: Readonly<Record<string, (length: number) => string>> = {
  'letters before a fragment': filled('http://', 'a', '/#'),
  'letters before a port': filled('', 'a', ':80'),
  'letters before two ports': filled('', 'a', ':80:80'),
  'a scheme without an end': filled('', 'a', ''),
  'a scheme of dots': filled('', '.', '://x'),
  'digits and dots': filled('', '1.', ''),
  'dots alone': filled('', '.', ''),
  'many @': filled('http://', 'a@', ''),
  'an open bracket': filled('[', '1:', ''),
  'a bracket that closes late': filled('[', 'a', ']]:80'),
  colons: filled('', ':', ''),
  spaces: filled('basic ', ' ', 'x'),
  'letters and spaces': filled('Basic ', 'a ', ''),
  'a tailnet that has no end': filled('a', 'b', ''),
  'quotes and backslashes': filled('', '"\\', ''),
  'line feeds': filled('', '\r\n\t', 'x'),
};

for (const [parser, work] of Object.entries(parsers)) {
  void t.test(`regression: reading ${parser} takes in proportion to its bytes`, async (t) => {
    for (const [input, inputOf] of Object.entries(inputs)) {
      // A busy machine may spoil one comparison, and a quadratic parser none.
      const growth = Math.min(...[1, 2, 3].map(() => growthOf(work, inputOf)));
      t.ok(growth < MOST_GROWTH, `${input}: ${growth.toFixed(2)}`);
    }
  });
}
