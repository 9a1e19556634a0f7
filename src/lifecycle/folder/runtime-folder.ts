import { constants } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf, SpacetailError } from '../../errors.ts';

/** Where everything of a run lies; the names are part of the interface. */
export interface RuntimeFolder {
  readonly path: string;
  readonly pidfile: string;
  /** The proxy variables that stood before `up`; gone after `down`. */
  readonly before: string;
  readonly controlSocket: string;
  readonly tailscaledSocket: string;
  /** `PID STARTTICKS` of our tailscaled, so that `down` finds one whose supervisor was killed. */
  readonly tailscaledPidfile: string;
  /** HOME of tailscaled, which keeps a log id there; gone after `down`. */
  readonly tailscaledHome: string;
  readonly accessLog: string;
  readonly spacetailLog: string;
  readonly tailscaledLog: string;
  readonly lastRun: string;
  /** What the names of files with secrets begin with. */
  readonly secretPrefix: string;
}

/** sun_path holds 107 bytes and a NUL (unix(7)); the longest name of ours is `/tailscaled.sock`. */
const longestFolder = 107 - '/tailscaled.sock'.length;

/** The paths alone; nothing is looked at. */
export function runtimePaths(path: string): RuntimeFolder {
  return {
    path,
    pidfile: join(path, 'supervisor.pid'),
    before: join(path, 'before.json'),
    controlSocket: join(path, 'control.sock'),
    tailscaledSocket: join(path, 'tailscaled.sock'),
    tailscaledPidfile: join(path, 'tailscaled.pid'),
    tailscaledHome: join(path, 'tailscaled.home'),
    accessLog: join(path, 'access.log'),
    spacetailLog: join(path, 'spacetail.log'),
    tailscaledLog: join(path, 'tailscaled.log'),
    lastRun: join(path, 'last-run.json'),
    secretPrefix: '.secret-',
  };
}

/** The same with what is a tailscaled's own for each tailnet of several. @param name - '' for the only one */
export function memberPaths(folder: RuntimeFolder, name: string): RuntimeFolder {
  if (name === '') return folder;
  const own = (end: string): string => join(folder.path, `tailscaled-${name}.${end}`);
  return {
    ...folder,
    tailscaledSocket: own('sock'),
    tailscaledPidfile: own('pid'),
    tailscaledHome: own('home'),
    tailscaledLog: own('log'),
    secretPrefix: `${folder.secretPrefix}${name}-`,
  };
}

/** Names of the tailnets that a run had in this folder, '' among them; one that was killed left their files. */
export async function memberNames({ path }: RuntimeFolder): Promise<string[]> {
  const files = await readdir(path).catch(() => []);
  const names = files.map((file) => /^tailscaled-(\w+)\.(?:sock|pid|home)$/.exec(file)?.[1] ?? '');
  return [...new Set(['', ...names])];
}

function unsafe(path: string, why: string, cause?: unknown): SpacetailError {
  return new SpacetailError('runtime_folder_unsafe', `${path} ${why}`, { cause });
}

const unusableCodes = new Set(['ENOSPC', 'EROFS', 'EDQUOT', 'EACCES', 'EPERM', 'EIO', 'EMFILE']);

/** What a full or read-only disk says, as an error of the runtime folder; any other error as it is. */
export function asUnusable(path: string, error: unknown): unknown {
  if (error instanceof SpacetailError || !unusableCodes.has(codeOf(error) ?? '')) return error;
  return new SpacetailError(
    'runtime_folder_unusable',
    `the runtime folder ${path} cannot be used: ${messageOf(error)}`,
    { cause: error },
  );
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Opens the folder itself, never what a link at its place points to. */
async function openFolder(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (codeOf(error) === 'ELOOP' || codeOf(error) === 'ENOTDIR') {
      throw unsafe(path, 'is a link or a file, not a folder', error);
    }
    throw unsafe(path, `cannot be opened: ${messageOf(error)}`, error);
  }
}

async function check(path: string, folder: FileHandle): Promise<void> {
  const { uid, mode } = await folder.stat();
  const us = process.getuid?.() ?? uid;
  if (uid !== us) throw unsafe(path, `belongs to uid ${uid}, not to uid ${us}`);
  if ((mode & 0o077) !== 0) {
    throw unsafe(path, `can be entered by others (mode 0${(mode & 0o777).toString(8)}, not 0700)`);
  }
}

/** @throws {SpacetailError} `runtime_folder_unsafe`; an absent folder is `undefined` */
export async function findRuntimeFolder(path: string): Promise<RuntimeFolder | undefined> {
  const folder = await openFolder(path);
  if (folder === undefined) return undefined;
  try {
    await check(path, folder);
  } finally {
    await folder.close();
  }
  return runtimePaths(path);
}

/**
 * The folder, made with mode 0700 under any umask if it is not there yet.
 * @throws {SpacetailError} `runtime_folder_unsafe` when it is a link, someone else's, or open to others
 */
export async function openRuntimeFolder(path: string): Promise<RuntimeFolder> {
  if (Buffer.byteLength(path) > longestFolder) {
    throw new SpacetailError(
      'config_invalid',
      `SPACETAIL_RUNTIME_DIR: ${path} is too long for a unix socket`,
      {
        hint: `At most ${longestFolder} bytes are accepted.`,
      },
    );
  }
  try {
    await mkdir(dirname(path), { recursive: true });
    await mkdir(path, { mode: 0o700 });
    // A umask of 0777 would have taken our own bits too.
    await chmod(path, 0o700);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') {
      const why = asUnusable(path, error);
      throw why === error ? unsafe(path, `cannot be made: ${messageOf(error)}`, error) : why;
    }
  }
  const found = await findRuntimeFolder(path);
  if (found === undefined) throw unsafe(path, 'went away while it was opened');
  return found;
}

/**
 * Checks that a socket given by TS_SOCKET or `--socket` lies in a folder that others cannot enter: whoever reaches
 * tailscaled's socket can dial through the tailnet.
 * @throws {SpacetailError} `runtime_folder_unsafe`
 */
export async function checkSocketFolder(socket: string): Promise<void> {
  const found = await findRuntimeFolder(dirname(socket));
  if (found === undefined)
    throw unsafe(
      dirname(socket),
      `does not exist, and the socket of tailscaled is to be there (${socket})`,
    );
}

/**
 * Writes a secret that a child reads by `file:PATH`, mode 0600, never through a link.
 * @returns its path
 */
export async function writeSecretFile(
  folder: RuntimeFolder,
  name: string,
  secret: string,
): Promise<string> {
  const path = join(folder.path, `${folder.secretPrefix}${basename(name)}`);
  await rm(path, { force: true });
  const file = await open(path, 'wx', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(secret);
  } finally {
    await file.close();
  }
  return path;
}

/** Removes what `writeSecretFile` left, also from an earlier run that was killed. */
export async function removeSecretFiles(folder: RuntimeFolder): Promise<void> {
  const names = await readdir(folder.path).catch(() => []);
  const secrets = names.filter((name) => name.startsWith(folder.secretPrefix));
  await Promise.all(secrets.map((name) => rm(join(folder.path, name), { force: true })));
}
