import t from 'tap';
import { openSync } from 'node:fs';
import { createLogger, fdDestination, redactor } from '../src/log.ts';

function capture(secrets: string[]) {
  const lines: string[] = [];
  const log = createLogger({
    level: 'debug',
    destination: { write: (line) => lines.push(line) },
    secrets,
  });
  return { log, lines };
}

void t.test('a line has an RFC 3339 time, a level by name and the message', async (t) => {
  const { log, lines } = capture([]);
  log.info({ step: 'login' }, 'joined');
  t.match(JSON.parse(lines[0] ?? ''), {
    time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    level: 'info',
    msg: 'joined',
    step: 'login',
  });
});

void t.test(
  'secrets are taken out by path and by value, in errors and in escaped form too',
  async (t) => {
    const secret = 'tskey-auth-"quoted"/x';
    const { log, lines } = capture([secret]);
    log.error({ err: new Error(`refused ${secret}`) }, 'login failed');
    log.info(
      { authKey: 'anything', options: { clientSecret: 'other' } },
      `url http://u:${encodeURIComponent(secret)}@h/`,
    );
    const text = lines.join('');
    t.notMatch(text, 'quoted');
    t.notMatch(text, 'anything');
    t.notMatch(text, '"other"');
    t.match(text, /\[redacted\]/);
  },
);

void t.test('a secret that begins another one leaves no tail behind', async (t) => {
  t.equal(redactor(['abcdef', 'abcdefgh'])('x abcdefgh y'), 'x [redacted] y');
});

void t.test('a full disk costs lines of the log, not the run', async (t) => {
  const destination = fdDestination(openSync('/dev/full', 'w'));
  const log = createLogger({ level: 'info', destination, secrets: [] });
  t.doesNotThrow(() => log.warn('there is no room for this'));
});
