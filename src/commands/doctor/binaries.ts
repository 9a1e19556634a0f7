import type { Config } from '../../config.ts';
import { messageOf } from '../../errors.ts';
import { failure, type Finding, ok, warning } from './check.ts';

const oldest = [1, 76] as const;
const versionMs = 5000;

/** tailscale and tailscaled: there, executable, new enough, and of one version. */
export async function checkBinaries(config: Config, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const [cli, daemon] = await Promise.all([
    versionOf('tailscale', config.tailscale, env),
    versionOf('tailscaled', config.tailscaled, env),
  ]);
  const findings = [cli.finding, daemon.finding];
  if (cli.version !== undefined && daemon.version !== undefined && cli.version !== daemon.version) {
    findings.push(
      warning(
        'versions',
        `tailscale is ${cli.version} and tailscaled is ${daemon.version}`,
        'Install both from one package: the command line may not understand the other daemon.',
      ),
    );
  }
  return findings;
}

interface Checked {
  readonly finding: Finding;
  readonly version: string | undefined;
}

async function versionOf(name: string, program: string, env: NodeJS.ProcessEnv): Promise<Checked> {
  const { execa } = await import('execa');
  const variable = `SPACETAIL_${name.toUpperCase()}`;
  try {
    const path = {
      ...(env['PATH'] !== undefined && { PATH: env['PATH'] }),
      HOME: env['HOME'] ?? '/',
    };
    const { stdout } = await execa(program, ['--version'], {
      env: path,
      extendEnv: false,
      timeout: versionMs,
    });
    const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0];
    if (version === undefined) {
      return {
        version,
        finding: failure(
          name,
          `${program} does not tell its version`,
          `Is it Tailscale's ${name}? Set ${variable}.`,
        ),
      };
    }
    return { version, finding: judge(name, program, version) };
  } catch (error) {
    const isMissing = (error as { code?: string }).code === 'ENOENT';
    const why = isMissing
      ? `${program} is not there`
      : `${program} cannot be run: ${firstLine(messageOf(error))}`;
    return {
      version: undefined,
      finding: failure(
        name,
        why,
        `Install Tailscale in the image, or set ${variable} to its path.`,
      ),
    };
  }
}

function judge(name: string, program: string, version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1]))
    return ok(name, `${version} (${program})`);
  return failure(name, `${version} is too old (${program})`, `Use ${oldest.join('.')} or newer.`);
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
