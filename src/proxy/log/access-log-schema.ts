/**
 * A line of the access log, as others read it. schema/access-log.schema.json is generated from here; nothing
 * is checked against it at run time.
 */
import * as v from 'valibot';

const text = v.string();
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const ms = v.pipe(v.number(), v.minValue(0));
export const accessLogLine = v.strictObject({
  level: v.pipe(v.picklist(['info', 'warn']), v.description('warn: denied or failed.')),
  v: v.pipe(v.literal(1), v.description('Version of this schema.')),
  time: v.pipe(
    text,
    v.isoTimestamp(),
    v.description("The request's end, RFC 3339 with milliseconds."),
  ),
  id: v.pipe(text, v.minLength(1), v.description('Unique in the run.')),
  proto: v.picklist(['http', 'connect', 'socks5']),
  method: v.pipe(text, v.description('CONNECT for tunnels and SOCKS.')),
  host: v.pipe(text, v.description("As the client asked, in lower case; '' if unreadable.")),
  port: v.pipe(count, v.maxValue(65_535), v.description('0 if unreadable.')),
  name_source: v.nullable(
    v.picklist([
      'status',
      'dns',
      'split-dns',
      'extra-records',
      '4via6',
      'services',
      'subdomain',
      'search',
      'hosts',
      'literal',
    ]),
  ),
  ip: v.pipe(v.nullable(text), v.description('The address that was dialled, or would have been.')),
  peer: v.pipe(v.nullable(text), v.description('Full name of the node that owns the address.')),
  tailnet: v.optional(v.pipe(text, v.description('Where the run has several.'))),
  route: v.pipe(
    v.picklist(['tailnet', 'subnet', 'exit', 'direct', 'deny']),
    v.description('The one it would have taken; deny only if none.'),
  ),
  policy: v.strictObject({
    decision: v.picklist(['allow', 'deny', 'would_deny']),
    rule: v.nullable(text),
    mode: v.picklist(['enforce', 'report', 'learn']),
  }),
  client: v.pipe(
    v.nullable(v.strictObject({ pid: count, exe: text, provider: v.nullable(text) })),
    v.description('The program that asked; null where it cannot be told.'),
  ),
  status: v.pipe(
    count,
    v.description('What the client was answered; of a SOCKS reply its HTTP equal.'),
  ),
  error: v.pipe(v.nullable(text), v.description('RFC 9209 error type; null when all went well.')),
  reason: v.pipe(v.nullable(text), v.description('The sentence that the client was told.')),
  dns_ms: v.nullable(ms),
  dial_ms: v.nullable(ms),
  preconnect: v.optional(v.pipe(v.literal(true), v.description('It was dialled ahead.'))),
  tried: v.optional(
    v.pipe(
      count,
      v.minValue(2),
      v.description('How many addresses were dialled, where more than one.'),
    ),
  ),
  total_ms: ms,
  bytes_up: count,
  bytes_down: count,
  close_reason: text,
  msg: v.literal('request'),
});

export type AccessLogLine = v.InferOutput<typeof accessLogLine>;
