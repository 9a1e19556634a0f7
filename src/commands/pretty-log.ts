/** A line of the access log for people. */
import { basename } from 'node:path';
import { formatBytes, formatMs, formatTarget, printable } from '../report/format.ts';
import { paint } from './paint.ts';

type Fields = Readonly<Record<string, unknown>>;

/** @returns a function from one JSON line to a text with its line end; what is no object of JSON stays as it is */
export function prettyLines(colour: boolean): (line: string) => string {
  return (line) => {
    const fields = fieldsOf(line);
    if (fields === undefined) return `${printable(line)}\n`;
    return `${paint(`[${clock(text(fields['time']))}]`, 'dim', colour)} ${sentence(fields, colour)}\n`;
  };
}

/** `undefined` for what is no object, a line that was cut among them. */
function fieldsOf(line: string): Fields | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Fields;
  } catch {
    return undefined;
  }
}

/** The time of day here, e.g. `14:03:59.120`. */
function clock(time: string): string {
  const date = new Date(time);
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()];
  if (Number.isNaN(date.getTime())) return '--:--:--';
  const two = parts.map((part) => String(part).padStart(2, '0')).join(':');
  return `${two}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** e.g. `200 GET db.tail1.ts.net:80 tailnet 100.64.0.3 12 ms ↑ 120 B ↓ 3.4 kB terraform-provider-nomad_v2.4.0` */
function sentence(fields: Fields, colour: boolean): string {
  if (fields['msg'] === 'request start' || fields['msg'] === 'request step')
    return paint(traced(fields), 'dim', colour);
  if (fields['msg'] !== 'request') return text(fields['msg']);
  const status = Number(fields['status']);
  const policy = object(fields['policy']);
  const client = object(fields['client']);
  const decision = text(policy['decision']);
  const error = text(fields['error']);
  const parts = [
    paint(String(status), status < 400 ? 'green' : 'red', colour),
    text(fields['method']),
    formatTarget(text(fields['host']), Number(fields['port'])),
    paint([fields['route'], fields['ip']].map(text).filter(Boolean).join(' '), 'dim', colour),
    formatMs(Number(fields['total_ms'])),
    `↑ ${formatBytes(Number(fields['bytes_up']))} ↓ ${formatBytes(Number(fields['bytes_down']))}`,
    text(client['provider']) || basename(text(client['exe'])),
    decision === 'allow'
      ? ''
      : paint(`${decision} ${text(policy['rule'])}`.trim(), 'yellow', colour),
    paint(error, 'red', colour),
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** Under TRACE, e.g. `m3x1-7 start GET web:80`, `m3x1-7 dialled 3.2 ms connected` */
function traced(fields: Fields): string {
  const { id, step, ms, method, host, port } = fields;
  const what =
    step === undefined
      ? ['start', text(method), formatTarget(text(host), Number(port))]
      : [
          text(step),
          typeof ms === 'number' ? formatMs(ms) : '',
          text(fields['kind'] ?? fields['via']),
        ];
  return [text(id), ...what].filter((part) => part !== '').join(' ');
}

/** Nothing of a client's may move the cursor. */
function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? printable(String(value)) : '';
}

function object(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
