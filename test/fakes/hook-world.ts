/** A worker's container on the tailnet of a test: `spacetail` on PATH, run from the sources, and shells for its hooks. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { findRuntimeFolder } from '../../src/lifecycle/folder/runtime-folder.ts';
import { readPidfile } from '../../src/lifecycle/folder/pidfile.ts';
import { stopSupervisor } from '../../src/lifecycle/run/stop-supervisor.ts';
import type { ProcessId } from '../../src/lifecycle/folder/process-id.ts';
import { freePort } from '../support/free-port.ts';
import { type Finished, run } from '../support/run.ts';
import { tmpFolder, type HasTeardown } from '../support/tmp-folder.ts';
import type { TailnetFacts } from '../tailnet/facts.ts';
import { joinVariables } from '../tailnet/join-variables.ts';

/** A shell with what comes before the script. */
export type HookShell = readonly [name: string, command: string, ...args: string[]];

/** The shells that Spacelift's images have. */
export const hookShells = {
  bash: ['bash', 'bash', '-c'],
  dash: ['dash', 'dash', '-c'],
  ash: ['BusyBox ash', 'busybox', 'ash', '-c'],
} as const satisfies Record<string, HookShell>;

export type Hook = ChildProcessByStdio<null, Readable, Readable>;

export interface HookWorld {
  readonly folder: string;
  readonly runtimeDir: string;
  readonly env: Record<string, string>;
  /** Runs a script to its end; the pipes' end is waited for, as a worker does. */
  hook(
    shell: HookShell,
    script: string,
    env?: Record<string, string | undefined>,
  ): Promise<Finished>;
  /** Starts a script; the test ends it. */
  startHook(shell: HookShell, script: string, env?: Record<string, string>): Hook;
  cli(...args: string[]): Promise<Finished>;
  supervisor(): Promise<ProcessId | undefined>;
  /** Names in the runtime folder that a run should not leave. */
  left(): string[];
}

const logs = /^(?:access|spacetail|tailscaled)\.log(?:\.\d)?$|^last-run\.json$/;

export async function createHookWorld(t: HasTeardown, facts: TailnetFacts): Promise<HookWorld> {
  const folder = tmpFolder(t);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const cliFile = join(import.meta.dirname, '../../src/cli.ts');
  writeFileSync(
    join(bin, 'spacetail'),
    `#!/bin/sh\nexec '${process.execPath}' '${cliFile}' "$@"\n`,
  );
  chmodSync(join(bin, 'spacetail'), 0o755);
  symlinkSync(process.execPath, join(bin, 'node'));
  const runtimeDir = join(folder, 'run');
  const env: Record<string, string> = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: folder,
    ...joinVariables(facts),
    SPACETAIL_RUNTIME_DIR: runtimeDir,
    SPACETAIL_HTTP_LISTEN: `127.0.0.1:${await freePort()}`,
    SPACETAIL_SOCKS5_LISTEN: 'off',
  };
  t.teardown(() => stopSupervisor(runtimeDir).catch(() => {}));
  return {
    folder,
    runtimeDir,
    env,
    hook: ([, command, ...args], script, more = {}) =>
      run(command, [...args, script], {
        cleanEnv: true,
        env: { ...env, ...more },
        cwd: folder,
        timeoutMs: 60_000,
      }),
    startHook([, command, ...args], script, more = {}) {
      const child = spawn(command, [...args, script], {
        cwd: folder,
        env: { ...env, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
        // A group of its own, as a terminal's or a worker's job.
        detached: true,
      });
      t.teardown(() => child.kill('SIGKILL'));
      return child;
    },
    cli: (...args) =>
      run(join(bin, 'spacetail'), args, { cleanEnv: true, env, cwd: folder, timeoutMs: 60_000 }),
    async supervisor() {
      const found = await findRuntimeFolder(runtimeDir);
      const content = found && (await readPidfile(found.pidfile));
      return content?.kind === 'running' ? content.process : undefined;
    },
    left: () => readdirSync(runtimeDir).filter((name) => !logs.test(name)),
  };
}
