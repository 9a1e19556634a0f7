import { cpus, release, totalmem } from 'node:os';
import { run } from '../support/run.ts';
import type { Tools } from '../tailnet/toolchain.ts';
import { NPM_PEERS } from './peers/npm.ts';
import { findProgram, programVersion, type DebianPeer } from './peers/debian.ts';

async function firstLine(file: string, args: readonly string[]): Promise<string> {
  const { code, stdout } = await run(file, args);
  return code === 0 ? (stdout.split('\n')[0] ?? '').trim() : 'unknown';
}

/** What a figure depends on besides the program: name and value. */
export async function machineFacts(tools: Tools): Promise<[name: string, value: string][]> {
  const debian = await Promise.all(
    (['tinyproxy', 'haproxy', 'squid', 'microsocks'] as DebianPeer[]).map(async (name) => {
      const program = findProgram(name);
      return `${name} ${program === undefined ? 'missing' : await programVersion(name, program)}`;
    }),
  );
  const npm = Object.entries(NPM_PEERS).map(([name, version]) => `${name} ${version}`);
  return [
    ['date', new Date().toISOString().slice(0, 16).replace('T', ' ')],
    [
      'spacetail',
      await firstLine('git', ['-C', import.meta.dirname, 'describe', '--always', '--dirty']),
    ],
    ['processor', `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`],
    ['memory', `${(totalmem() / 2 ** 30).toFixed(0)} GiB`],
    ['kernel', `Linux ${release()}`],
    ['Node', process.version],
    ['Go', (await firstLine('go', ['version'])).replace('go version go', '')],
    ['tailscale', await firstLine(tools.tailscale, ['version'])],
    ['peers', [...debian, ...npm].join(', ')],
  ];
}
