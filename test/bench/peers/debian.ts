/** The peers that are Debian packages: what is installed, else unpacked into the cache folder, where no service starts. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Finished } from '../../support/run.ts';
import { cacheFolder } from '../cache-folder.ts';

/** Program → package. */
const PACKAGES = {
  tinyproxy: 'tinyproxy-bin',
  haproxy: 'haproxy',
  squid: 'squid',
  microsocks: 'microsocks',
} as const;

export type DebianPeer = keyof typeof PACKAGES;

export interface Program {
  readonly file: string;
  /** Finds the libraries of an unpacked one. */
  readonly env: Readonly<Record<string, string>>;
  /** Where an unpacked one's files under /usr and /etc are; empty for an installed one. */
  readonly root: string;
}

const PLACES = ['bin', 'sbin', 'usr/bin', 'usr/sbin'];

function inFolder(root: string, name: string): string | undefined {
  return PLACES.map((place) => join(root, place, name)).find((file) => existsSync(file));
}

/** The program, if it is here. */
export function findProgram(name: DebianPeer): Program | undefined {
  const installed = inFolder('/', name);
  if (installed !== undefined) return { file: installed, env: {}, root: '' };
  const root = cacheFolder('debian/root');
  const file = inFolder(root, name);
  if (file === undefined) return undefined;
  const libraries: string[] = [];
  for (const path of [join(root, 'lib'), join(root, 'usr/lib')]) {
    const parts = existsSync(path)
      ? readdirSync(path).filter((part) => /linux-gnu/.test(part))
      : [];
    libraries.push(path, ...parts.map((part) => join(path, part)));
  }
  return { file, env: { LD_LIBRARY_PATH: libraries.join(':') }, root };
}

/**
 * Downloads and unpacks what is missing. Outside of the namespace, for it needs the network.
 * @returns one line for each that could not be had
 */
export async function bringPrograms(): Promise<string[]> {
  const missing = (): DebianPeer[] =>
    (Object.keys(PACKAGES) as DebianPeer[]).filter((name) => findProgram(name) === undefined);
  const wanted = missing();
  if (wanted.length === 0) return [];
  let said = await download(wanted);
  if (said.code !== 0 && process.getuid?.() === 0) {
    await run('apt-get', ['update', '-q'], { timeoutMs: 120_000 });
    said = await download(wanted);
  }
  const reason = said.stderr.trim().split('\n').at(-1) ?? '';
  return missing().map((name) => `${name} is missing (apt, package ${PACKAGES[name]}): ${reason}`);
}

async function download(wanted: readonly DebianPeer[]): Promise<Finished> {
  const archives = cacheFolder('debian/archives');
  const root = cacheFolder('debian/root');
  mkdirSync(join(archives, 'partial'), { recursive: true });
  // No lock of the system's is needed to download into a folder of ours, so no root either.
  const options = ['-o', 'Debug::NoLocking=1', '-o', `Dir::Cache::archives=${archives}`];
  const got = await run(
    'apt-get',
    ['install', '-y', '-q', '--download-only', '--no-install-recommends', ...options].concat(
      wanted.map((name) => PACKAGES[name]),
    ),
    { env: { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }, timeoutMs: 180_000 },
  );
  if (got.code !== 0) return got;
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    const done = await run('dpkg', ['-x', join(archives, file), root]);
    if (done.code !== 0) return done;
  }
  return got;
}

/** microsocks prints none: the package's. */
export async function programVersion(name: DebianPeer, program: Program): Promise<string> {
  if (name === 'microsocks') {
    const { stdout } = await run('apt-cache', ['policy', name], { env: { LC_ALL: 'C' } });
    return /Candidate: (\S+)/.exec(stdout)?.[1] ?? 'unknown';
  }
  const { stdout, stderr } = await run(program.file, ['-v'], { env: program.env });
  return /\d+\.\d+[\w.+-]*/.exec(stdout + stderr)?.[0] ?? 'unknown';
}
