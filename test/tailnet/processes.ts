import { readdirSync, readFileSync } from 'node:fs';

/** The command lines of all processes of this namespace, for a test that none is left behind. */
export function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return line === '' ? [] : [line];
      } catch {
        return [];
      }
    });
}
