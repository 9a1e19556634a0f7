// node test/tailnet/build.ts: builds headscale, tailscale and tailscaled unless they are cached,
// and prints their folder on stdout.
import { ensureTools } from './toolchain.ts';

try {
  const { folder } = await ensureTools((line) => process.stderr.write(`tailnet: ${line}\n`));
  process.stdout.write(`${folder}\n`);
} catch (error) {
  process.stderr.write(`tailnet: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
