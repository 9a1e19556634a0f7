import { StringDecoder } from 'node:string_decoder';

/** The last lines of a child's output, whatever it prints and however much. */
export interface LineRing {
  push(chunk: Buffer): void;
  /** Oldest first; a line that is not finished yet is the last. */
  lines(): string[];
}

const longestLine = 500;

/**
 * @param onLine called with each whole line, without its end, cut to 500 characters
 */
export function createLineRing(capacity: number, onLine: (line: string) => void): LineRing {
  const decoder = new StringDecoder('utf8');
  const kept: string[] = [];
  let partial = '';
  const finish = (line: string): void => {
    kept.push(line);
    if (kept.length > capacity) kept.shift();
    onLine(line);
  };
  return {
    push(chunk) {
      const parts = decoder.write(chunk).split('\n');
      for (const [index, part] of parts.entries()) {
        // The rest of an endless line is let go, not kept.
        if (partial.length < longestLine) partial = (partial + part).slice(0, longestLine);
        if (index === parts.length - 1) break;
        finish(partial.replace(/\r$/, ''));
        partial = '';
      }
    },
    lines: () => (partial === '' ? [...kept] : [...kept.slice(1 - capacity), partial]),
  };
}
