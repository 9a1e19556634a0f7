/** What the clients are made from, built or fetched into the cache folder while there is a network. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildGoClient } from '../demo/go-client.ts';
import { exec } from '../ship/exec.ts';
import { cacheFolder, ensureTool, type ToolName } from '../ship/tools.ts';

export type PartName =
  | Exclude<ToolName, 'actionlint' | 'opa' | 'provider'>
  | 'goclient'
  | 'python'
  | 'httpx-socks'
  | 'ansible';

/** Paths: a program, or for Python the folder of the virtual environment. */
export type Parts = Readonly<Record<PartName, string>>;

/** @throws Error when one cannot be built */
export async function ensureParts(names: Iterable<PartName>): Promise<Parts> {
  const parts: Partial<Record<PartName, string>> = {};
  for (const name of new Set(names)) parts[name] = await ensurePart(name);
  return parts as Parts;
}

async function ensurePart(name: PartName): Promise<string> {
  if (name === 'goclient') return await buildGoClient();
  if (name === 'python' || name === 'httpx-socks' || name === 'ansible')
    return await ensureVenv(name);
  return await ensureTool(name);
}

/**
 * A virtual environment with the packages of `python/NAME.txt`, one for each content of that file. It is made where it
 * stays, since its scripts name its path; a file marks it as whole.
 */
async function ensureVenv(name: string): Promise<string> {
  const requirements = join(import.meta.dirname, 'python', `${name}.txt`);
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 16);
  const folder = join(cacheFolder(), `venv-${name}-${hash}`);
  const whole = join(folder, 'whole');
  if (existsSync(whole)) return folder;
  process.stderr.write(`clients: fetching the packages of ${name} for Python (once)\n`);
  rmSync(folder, { recursive: true, force: true });
  await exec('python3', ['-m', 'venv', folder]);
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
  await exec(join(folder, 'bin/python'), [...install, '--requirement', requirements]);
  mkdirSync(whole);
  return folder;
}
