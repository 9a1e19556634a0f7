/** Stands in for the tailscale CLI: `up` ends as `--fake` says, and what it was asked is written down. */
import { appendFileSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type UpOutcome =
  | 'ok'
  | 'bad-key'
  | 'bad-tag'
  | 'needs-login'
  | 'needs-approval'
  | 'locked'
  | 'needs-logs'
  | 'bad-certificate'
  | 'bad-flag'
  | 'hangs'
  | 'junk';

function take(name: string): string | undefined {
  const prefix = `--${name}=`;
  return process.argv.find((word) => word.startsWith(prefix))?.slice(prefix.length);
}

const outcome = (take('fake') ?? 'ok') as UpOutcome;
const record = take('fake-record');
const keyFile = take('auth-key');
if (record !== undefined) {
  const key =
    keyFile?.startsWith('file:') === true ? readFileSync(keyFile.slice(5), 'utf8') : undefined;
  appendFileSync(
    record,
    `${JSON.stringify({ argv: process.argv.slice(2), key, env: process.env })}\n`,
  );
}

/** Whether the fake tailscaled beside it was told to send no logs; its record lies beside ours. */
function isQuiet(): boolean {
  if (record === undefined) return false;
  const { argv } = JSON.parse(readFileSync(join(dirname(record), 'tailscaled.json'), 'utf8')) as {
    argv: string[];
  };
  return argv.includes('--no-logs-no-support');
}

/** As cmd/tailscale/cli/up.go and control servers word it. */
const said: Record<UpOutcome, { readonly text: string; readonly exit: number | undefined }> = {
  ok: { text: '', exit: 0 },
  'bad-key': { text: 'backend error: invalid key: API key does not exist\n', exit: 1 },
  'bad-tag': {
    text: 'backend error: requested tags [tag:nope] are invalid or not permitted\n',
    exit: 1,
  },
  'needs-login': {
    text: '\nTo authenticate, visit:\n\n\thttps://login.tailscale.com/a/0123\n\n',
    exit: undefined,
  },
  'needs-approval': {
    text: '\nTo approve your machine, visit (as admin):\n\n\thttps://login.tailscale.com/admin\n\n',
    exit: undefined,
  },
  locked: { text: 'tailnet lock: this node is not signed\n', exit: 1 },
  // ipn/ipnlocal/local.go, where tailscaled was started with --no-logs-no-support.
  'needs-logs':
    outcome === 'needs-logs' && isQuiet()
      ? {
          text: 'backend error: tailnet requires logging to be enabled. Remove --no-logs-no-support from tailscaled command line.\n',
          exit: 1,
        }
      : { text: '', exit: 0 },
  'bad-certificate': {
    text: 'fetch control key: Get "https://hs.example/key?v=140": tls: failed to verify certificate: x509: certificate has expired or is not yet valid\n',
    exit: 1,
  },
  'bad-flag': {
    text: `flag provided but not defined: -no-such-flag\nUSAGE\n  tailscale up [flags]\n${'  --flag, --flag=false\n'.repeat(40)}`,
    exit: 2,
  },
  hangs: { text: '', exit: undefined },
  junk: { text: '\u0000\u001b[31m\ufffd{{{\n', exit: 9 },
};

if (process.argv.includes('up')) {
  const { text, exit } = said[outcome];
  process.stderr.write(text);
  if (exit === undefined) setInterval(() => {}, 60_000);
  else process.exitCode = exit;
}
