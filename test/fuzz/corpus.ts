/** The corpus: corpus/TARGET/*, one input a file, kept for ever once it found something. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const root = new URL('corpus/', import.meta.url);

export interface CorpusInput {
  readonly file: string;
  readonly bytes: Buffer;
}

export function corpusFolders(): string[] {
  return readdirSync(root).toSorted();
}

export function readCorpus(target: string): CorpusInput[] {
  const folder = new URL(`${target}/`, root);
  return readdirSync(folder)
    .toSorted()
    .map((file) => ({ file, bytes: readFileSync(new URL(file, folder)) }));
}

/** @returns the new file's path below corpus/ */
export function addToCorpus(target: string, bytes: Buffer): string {
  const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  mkdirSync(new URL(`${target}/`, root), { recursive: true });
  writeFileSync(new URL(`${target}/found-${digest}`, root), bytes);
  return `${target}/found-${digest}`;
}
