/**
 * Stands in for tailscaled where the real one cannot be made to misbehave. It does what ours relies on
 * (the socket, the SOCKS5 line, TS_PARENT_DEATH_FD, SIGTERM) except for what `--fake` names, and writes
 * down what it was started with.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, Socket } from 'node:net';

export type Unruliness =
  | 'none'
  | 'exits-at-once'
  | 'hangs'
  | 'floods-stderr'
  | 'ignores-sigterm'
  | 'crashes-later'
  | 'no-socks-line'
  | 'bad-flag'
  | 'no-control'
  | 'bad-control';

function flag(name: string): string | undefined {
  const prefix = `--${name}=`;
  return process.argv.find((word) => word.startsWith(prefix))?.slice(prefix.length);
}

const fake = (flag('fake') ?? 'none') as Unruliness;
const record = flag('fake-record');
const socket = flag('socket') ?? '';

if (record !== undefined) {
  writeFileSync(
    record,
    JSON.stringify({
      argv: process.argv.slice(2),
      env: process.env,
      pid: process.pid,
      cwd: process.cwd(),
    }),
  );
}
const deathFd = Number(process.env['TS_PARENT_DEATH_FD']);
if (deathFd > 2) {
  new Socket({ fd: deathFd })
    .on('close', () => process.exit(1))
    .on('error', () => {})
    .resume()
    .unref();
}
process.on('SIGTERM', () => {
  if (fake === 'ignores-sigterm') return;
  rmSync(socket, { force: true });
  process.exit(0);
});

function log(line: string): void {
  process.stderr.write(`2026/11/24 22:41:38 ${line}\n`);
}

function listen(): void {
  const socks = createServer((connection) => connection.destroy());
  socks.listen(0, '127.0.0.1', () => {
    const { port } = socks.address() as AddressInfo;
    if (fake !== 'no-socks-line') log(`SOCKS5 listening on 127.0.0.1:${port}`);
    createServer((connection) => connection.on('error', () => {}).resume()).listen(socket);
  });
}

log('Program starting: v1.102.5-fake');
if (fake === 'bad-flag') {
  process.stderr.write('flag provided but not defined: -no-such-flag\nUsage of tailscaled:\n');
  process.stderr.write('  -a string\n    \tof one thing\n'.repeat(20));
  process.exitCode = 2;
} else if (fake === 'exits-at-once') {
  log('fatal: the disk is made of cheese');
  process.exitCode = 3;
} else {
  setInterval(() => {}, 60_000);
  if (fake !== 'hangs') listen();
}
// What control/controlclient/auto.go logs, again and again.
const troubles: Partial<Record<Unruliness, string>> = {
  'no-control':
    'Get "http://127.0.0.1:1/key?v=142": dial tcp 127.0.0.1:1: connect: connection refused',
  'bad-control':
    'Get "https://hs.example/key?v=142": tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
};
const trouble = troubles[fake];
if (trouble !== undefined)
  setInterval(() => log(`Received error: fetch control key: ${trouble}`), 100);
if (fake === 'crashes-later') setTimeout(() => process.exit(7), Number(flag('fake-after') ?? 300));
if (fake === 'floods-stderr') {
  const flood = (): void => {
    process.stderr.write(`${'flood '.repeat(200)}\n`.repeat(20));
    setImmediate(flood);
  };
  flood();
}
