import t from 'tap';
import { createJsonLines } from '../../../src/proxy/log/line-writer.ts';
import { createTraceLines } from '../../../src/proxy/log/trace-lines.ts';

function tracing() {
  const lines: string[] = [];
  const trace = createTraceLines(
    createJsonLines((line) => lines.push(line)),
    () => 0,
  );
  return { lines, trace };
}

void t.test('a start has what is known of the request, a step how long it took', async (t) => {
  const { lines, trace } = tracing();
  trace('r-1', 'start', { proto: 'http', method: 'GET', host: 'web', port: 80 });
  trace('r-1', 'resolved', { kind: 'resolved', ms: 1.23456 });
  trace('r-1', 'decided', { via: 'tailnet', ip: undefined });
  t.same(lines, [
    '{"time":"1970-01-01T00:00:00.000Z","level":"debug","msg":"request start","id":"r-1","proto":"http","method":"GET","host":"web","port":80}\n',
    '{"time":"1970-01-01T00:00:00.000Z","level":"debug","msg":"request step","id":"r-1","step":"resolved","ms":1.235,"kind":"resolved"}\n',
    '{"time":"1970-01-01T00:00:00.000Z","level":"debug","msg":"request step","id":"r-1","step":"decided","ms":null,"via":"tailnet"}\n',
  ]);
});

void t.test('no text of a client can forge a line or move a terminal', async (t) => {
  const evil = '"}\r\n{"msg":"request"}\u001b[2J\u009b31m\u2028\u202e';
  const { lines, trace } = tracing();
  trace('r-1', 'start', { method: evil, host: evil });
  trace('r-1', 'resolved', { detail: evil });
  t.equal(lines.length, 2);
  for (const line of lines) t.match(line, /^[\x20-\x7e]+\n$/);
});
