import '../tailnet/inside.ts';
import t from 'tap';
import { waitFor } from '../support/wait-for.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { spacetailFor } from './spacetail.ts';

t.setTimeout(240_000);
const tailnet = await useTailnet(t);
const { facts } = tailnet;

interface Status {
  readonly state: string;
  readonly detail: string | null;
  readonly tailscaled: { readonly pid: number | null; readonly restarts: number };
}

void t.test(
  'after a crash a used one-time key joins no more: status says so and what to do',
  async (t) => {
    const key = await tailnet.newKey({ reusable: false });
    const spacetail = await spacetailFor(t, facts, { TS_HOSTNAME: 'once', TS_AUTH_KEY: key });
    await spacetail.up();
    const status = async () => {
      const done = await spacetail.cli(['status', '--json']);
      return { code: done.code, ...(JSON.parse(done.stdout) as Status) };
    };
    const { tailscaled } = await status();
    process.kill(tailscaled.pid ?? 0, 'SIGKILL');
    const degraded = await waitFor(
      async () => {
        const now = await status();
        return /was used before/.test(now.detail ?? '') ? now : undefined;
      },
      { deadlineMs: 30_000, intervalMs: 250, what: 'the refused join' },
    );
    const hint = /new key .* reusable, or one for each run/;
    t.match(degraded, { code: 1, state: 'degraded', hint });
    const { stdout, stderr } = await spacetail.cli(['status']);
    t.match(stdout, hint);
    t.notMatch(stdout + stderr + JSON.stringify(degraded), key);
    // Public traffic goes on.
    const answer = await spacetail.curl(`http://public.test:${facts.internetOrigin.http}/`);
    t.match(answer, { code: 0, stdout: /hello/ });
    const refused = await spacetail.curl('-i', `http://web:${facts.tailnetOrigin.http}/`);
    t.match(refused.stdout, /^HTTP\/1\.1 503 [^]*was used before/);
  },
);

void t.test('with TS_STATE_DIR the node keeps its key over a crash', async (t) => {
  const key = await tailnet.newKey({ reusable: false });
  const spacetail = await spacetailFor(t, facts, { TS_HOSTNAME: 'kept', TS_AUTH_KEY: key });
  await spacetail.up({ TS_STATE_DIR: `${spacetail.folder}/state` });
  const status = async () =>
    JSON.parse((await spacetail.cli(['status', '--json'])).stdout) as Status;
  process.kill((await status()).tailscaled.pid ?? 0, 'SIGKILL');
  await waitFor(
    async () => {
      const now = await status();
      return now.tailscaled.restarts === 1 && now.state === 'running';
    },
    { deadlineMs: 60_000, intervalMs: 250, what: 'the node with its old key' },
  );
  // The first look-ups may come before tailscaled answers for names again.
  await waitFor(
    async () => {
      const answer = await spacetail.curl(`http://web:${facts.tailnetOrigin.http}/`);
      return answer.code === 0 && answer.stdout.includes('hello');
    },
    { deadlineMs: 60_000, what: 'a request to a node' },
  );
  t.equal((await status()).tailscaled.restarts, 1);
});
