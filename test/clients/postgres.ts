/** psql has no proxy support: `spacetail forward` gives it a local port. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exec } from '../ship/exec.ts';
import type { Client, Stage } from './client.ts';
import { asOrdinaryUser, ordinaryUser } from './ordinary-user.ts';
import { portForService, startService } from './services.ts';

/** Debian keeps the servers of all its versions side by side, and none on PATH. */
function serverPrograms(): string {
  const versions = readdirSync('/usr/lib/postgresql').toSorted((a, b) => Number(b) - Number(a));
  return `/usr/lib/postgresql/${versions[0]}/bin`;
}

/** A PostgreSQL with TLS. @returns its port on the node */
async function startPostgres(stage: Stage): Promise<number> {
  const home = join(stage.folder, 'postgres');
  mkdirSync(home, { mode: 0o700 });
  const data = join(home, 'data');
  const bin = serverPrograms();
  const [file, ...args] = asOrdinaryUser(home, [
    `${bin}/initdb`,
    `--pgdata=${data}`,
    `--username=${ordinaryUser}`,
    '--auth=trust',
    '--no-sync',
    '--locale=C',
  ]);
  await exec(file, args);
  const servicePort = await portForService();
  const settings = {
    listen_addresses: '127.0.0.1',
    port: servicePort,
    unix_socket_directories: '',
    ssl: 'on',
    ssl_cert_file: stage.facts.certFile,
    ssl_key_file: stage.facts.keyFile,
    fsync: 'off',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const command = asOrdinaryUser(home, [`${bin}/postgres`, '-D', data, ...options]);
  // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
  const service = startService(stage, command, { signal: 'SIGINT' });
  await service.printed(/ready to accept connections/);
  return await stage.open(servicePort);
}

/** Opens a port, waits until the forward says which one, runs psql, ends the forward. */
const script = `
mkfifo said
spacetail forward "0:$0" 2>said & forward=$!
exec 3<said
read -r word address rest <&3
[ "$word" = forwarding ] || { echo "$word $address $rest"; exit 1; }
trap 'kill $forward' EXIT
export PGHOSTADDR=127.0.0.1 PGPORT="\${address##*:}"
psql -X -v ON_ERROR_STOP=1 -At "$1" <<'SQL'
create temporary table numbers (n int);
insert into numbers select generate_series(1, 100000);
select 'sum ' || sum(n) from numbers;
\\copy (select repeat('x', 1000) from numbers limit 5000) to copied
select 'encrypted ' || ssl from pg_stat_ssl where pid = pg_backend_pid();
SQL
wc -c copied
`;

export const postgresClient: Client = {
  name: 'psql',
  setting:
    '`spacetail forward 5432:db.example.ts.net:5432 &` and `PGHOSTADDR=127.0.0.1` beside the real `PGHOST`, so that `sslmode=verify-full` still checks its name',
  isSlow: true,
  version: ['psql', '--version'],
  async prepare(stage) {
    const port = await startPostgres(stage);
    const target = `host=${stage.host} user=${ordinaryUser} dbname=postgres`;
    return (['disable', 'verify-full'] as const).map((mode) => ({
      title: `query, 5 MB by COPY, sslmode=${mode}`,
      command: [
        'sh',
        '-ec',
        script,
        `${stage.host}:${port}`,
        `${target} sslmode=${mode} sslrootcert=${stage.facts.caFile}`,
      ],
      expect:
        mode === 'disable'
          ? /sum 5000050000[^]*encrypted false\n5005000 copied/
          : /sum 5000050000[^]*encrypted true\n5005000 copied/,
    }));
  },
};
