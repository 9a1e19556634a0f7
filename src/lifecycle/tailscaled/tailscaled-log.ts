import { LogFile } from '../../log-file.ts';

/** What every tailscaled of a run says: to a bounded file, and the last lines for errors. */
export interface TailscaledLog {
  writeLine(line: string): void;
  /** Of the tailscaled that runs or ran last, oldest first. */
  lastLines(): readonly string[];
  /** Lines that the disk did not take. */
  dropped(): number;
  close(): Promise<void>;
}

const quotedLines = 8;

/** @param redact takes secrets out; tailscaled prints what the control server answers */
export function createTailscaledLog(path: string, redact: (text: string) => string): TailscaledLog {
  const file = new LogFile({ path, maxBytes: 4 << 20, keep: 1, maxWaitingBytes: 1 << 20 });
  const last: string[] = [];
  return {
    writeLine(line) {
      const clean = redact(line);
      file.write(`${clean}\n`);
      last.push(clean);
      if (last.length > quotedLines) last.shift();
    },
    lastLines: () => [...last],
    dropped: () => file.dropped(),
    close: () => file.close(),
  };
}
