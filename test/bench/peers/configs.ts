/** The configurations of the peers: as they come, with a log, and no limit that the bench would reach. */
import { chmodSync, cpSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname } from 'node:path';
import type { Ground } from './start.ts';

export function tinyproxyConfig(port: number, folder: string): string {
  return `
Port ${port}
Listen 127.0.0.1
Timeout 600
MaxClients 20000
LogFile "${folder}/log"
LogLevel Info
`;
}

/**
 * Nothing is cached: the bench is about carrying. As root it becomes the user `proxy`, who may not enter our
 * folders: then what it reads is copied, and what it writes lies, where it may.
 */
export function squidConfig(port: number, folder: string, root: string): string {
  if (process.getuid?.() === 0) {
    for (const entered of [tmpdir(), dirname(folder)]) chmodSync(entered, 0o711);
    chmodSync(folder, 0o777);
  }
  const unlinkd = `${root}/usr/lib/squid/unlinkd`;
  cpSync(`${root}/usr/share/squid`, `${folder}/share`, { recursive: true, dereference: true });
  return `
http_port 127.0.0.1:${port}
http_access allow all
cache deny all
access_log stdio:${folder}/access.log
cache_log ${folder}/cache.log
pid_filename none
coredump_dir ${folder}
mime_table ${folder}/share/mime.conf
icon_directory ${folder}/share/icons
error_directory ${folder}/share/errors/en
shutdown_lifetime 0 seconds
visible_hostname bench
${existsSync(unlinkd) ? `unlinkd_program ${unlinkd}\n` : ''}`;
}

/** No forward proxy for CONNECT: TCP mode leads to one address, which is less work than ours. */
export function haproxyConfig(
  ports: { readonly bulk: number; readonly http: number },
  { origin, host }: Ground,
): string {
  return `
global
  maxconn 9000
  log stdout format raw local0
defaults
  log global
  timeout connect 10s
  timeout client 5m
  timeout server 5m
listen bulk
  mode tcp
  option tcplog
  bind 127.0.0.1:${ports.bulk}
  server origin ${host}:${origin.bulk}
listen http
  mode http
  option httplog
  bind 127.0.0.1:${ports.http}
  server origin ${host}:${origin.http}
`;
}
