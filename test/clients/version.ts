import { run } from '../support/run.ts';
import type { Client } from './client.ts';
import type { Parts } from './parts.ts';

/** The first thing in what a client says of itself that looks like a version. @throws Error when there is none */
export async function versionOf(client: Client, parts: Parts): Promise<string> {
  const [file, ...args] =
    typeof client.version === 'function' ? client.version(parts) : client.version;
  const { stdout, stderr } = await run(file, args);
  const text = `${stdout}\n${stderr}`;
  const found = /\d+(?:\.\d+)+(?:p\d+)?/.exec(text)?.[0];
  if (found === undefined) throw new Error(`${file} ${args.join(' ')} tells no version:\n${text}`);
  return found;
}
