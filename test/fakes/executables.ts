import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { UpOutcome } from './unruly-tailscale.ts';
import type { Unruliness } from './unruly-tailscaled.ts';

/** Writes an executable that runs one of the fakes beside this file with further arguments. */
function executable(folder: string, name: string, script: string, args: readonly string[]): string {
  const path = join(folder, name);
  const file = join(import.meta.dirname, script);
  const words = [process.execPath, file, ...args].map((word) => `'${word}'`).join(' ');
  // Each word is a path or an option of a test: none has a quote.
  writeFileSync(path, `#!/bin/sh\nexec ${words} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

export interface FakeOptions {
  /** A file that gets what the program was started with. */
  readonly record?: string;
  /** `crashes-later`: after so many ms. */
  readonly afterMs?: number;
}

function options({ record, afterMs }: FakeOptions): string[] {
  return [
    ...(record === undefined ? [] : [`--fake-record=${record}`]),
    ...(afterMs === undefined ? [] : [`--fake-after=${afterMs}`]),
  ];
}

/** @returns the path of a `tailscaled` that misbehaves in one way */
export function fakeTailscaled(folder: string, fake: Unruliness, more: FakeOptions = {}): string {
  return executable(folder, `tailscaled-${fake}`, 'unruly-tailscaled.ts', [
    `--fake=${fake}`,
    ...options(more),
  ]);
}

/** @returns the path of a `tailscale` whose `up` ends in one way */
export function fakeTailscale(folder: string, fake: UpOutcome, more: FakeOptions = {}): string {
  return executable(folder, `tailscale-${fake}`, 'unruly-tailscale.ts', [
    `--fake=${fake}`,
    ...options(more),
  ]);
}
