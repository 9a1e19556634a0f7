import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const TOOLS = {
  headscale: 'github.com/juanfont/headscale/cmd/headscale',
  tailscale: 'tailscale.com/cmd/tailscale',
  tailscaled: 'tailscale.com/cmd/tailscaled',
} as const;

export type Tools = { folder: string } & Record<keyof typeof TOOLS, string>;

const PROGRESS_EVERY_MS = 5000;

/**
 * Where the built tools of this go.mod belong: the user's cache folder, named by the hash of
 * go.mod, go.sum and the platform, so another version never finds an old binary.
 */
export function toolsFolder(): string {
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum'])
    hash.update(readFileSync(join(import.meta.dirname, name)));
  const [goos, goarch] = platform();
  hash.update(`${goos}/${goarch}`);
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cache, 'spacetail', 'tools', hash.digest('hex').slice(0, 16));
}

/** GOOS and GOARCH; the environment's win, as they do in the go command. */
function platform(): [string, string] {
  const arch = { x64: 'amd64', ia32: '386' }[process.arch as string] ?? process.arch;
  return [process.env['GOOS'] || process.platform, process.env['GOARCH'] || arch];
}

function toolsIn(folder: string): Tools {
  return {
    folder,
    headscale: join(folder, 'headscale'),
    tailscale: join(folder, 'tailscale'),
    tailscaled: join(folder, 'tailscaled'),
  };
}

/** The tools if they are built already. */
export function builtTools(): Tools | undefined {
  const tools = toolsIn(toolsFolder());
  return existsSync(tools.folder) ? tools : undefined;
}

/**
 * The tools, built now unless they are in the cache (4-7 minutes cold on two cores, no network
 * when Go's module cache holds the modules). The folder appears whole or not at all: it is built
 * aside and renamed, so an interrupted build leaves nothing that counts as built.
 *
 * @param report gets a line at the start, every few seconds, and at the end of a build.
 * @throws Error when go is missing or the build fails.
 */
export async function ensureTools(report: (line: string) => void = () => {}): Promise<Tools> {
  const built = builtTools();
  if (built) return built;
  const folder = toolsFolder();
  mkdirSync(join(folder, '..'), { recursive: true });
  const aside = mkdtempSync(`${folder}.building-`);
  const start = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - start) / 1000)} s`;
  report(`building ${Object.keys(TOOLS).join(', ')} with go (once, some minutes)`);
  const timer = setInterval(() => report(`still building, ${seconds()}`), PROGRESS_EVERY_MS);
  try {
    await goBuild(aside);
    renameUnlessThere(aside, folder);
  } finally {
    clearInterval(timer);
    rmSync(aside, { recursive: true, force: true });
  }
  report(`built into ${folder} in ${seconds()}`);
  return toolsIn(folder);
}

/** Another process may have finished the same build first: then its folder is as good. */
function renameUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

async function goBuild(output: string): Promise<void> {
  const args = ['build', '-mod=readonly', '-trimpath', '-buildvcs=false', '-ldflags=-s -w'];
  const child = spawn('go', [...args, '-o', `${output}/`, ...Object.values(TOOLS)], {
    cwd: import.meta.dirname,
    // A go.work above, or flags of the user's, would build something else than go.sum pins.
    env: { ...process.env, GOFLAGS: '', GOWORK: 'off', CGO_ENABLED: '0' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const onEnd = (): void => void child.kill('SIGTERM');
  process.once('exit', onEnd);
  try {
    const code = await new Promise<number | string>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => {
        const missing = 'go is not installed: it is needed to build headscale and tailscale';
        reject(error.code === 'ENOENT' ? new Error(missing) : error);
      });
      child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
    if (code !== 0) throw new Error(`go build failed (${code})`);
  } finally {
    process.off('exit', onEnd);
  }
}
