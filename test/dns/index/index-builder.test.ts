import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import t from 'tap';
import { IndexBuilder } from '../../../src/dns/index/index-builder.ts';
import { largeStatus, statusDocument } from '../../support/netmap.ts';
import { run } from '../../support/run.ts';

const bytesOf = (document: object) => new Uint8Array(Buffer.from(JSON.stringify(document)));
const large = largeStatus(3_000, 100);

void t.test(
  'a small netmap is indexed here, a large one in a thread, with the same result',
  async (t) => {
    const failures: string[] = [];
    const builder = new IndexBuilder((detail) => failures.push(detail));
    t.teardown(() => builder.close());
    t.ok((await builder.build(bytesOf(statusDocument([])))).lookup('ci'));
    const bytes = bytesOf(large);
    const index = await builder.build(bytes);
    t.equal(bytes.length, 0, 'the bytes went to the thread without a copy');
    t.equal(index.summary.peers, 3_000);
    t.match(index.lookup('host-2999'), { kind: 'addresses', source: 'status' });
    t.match(index.ownerOf('10.0.99.1', true), {
      kind: 'subnet',
      prefix: '10.0.99.0/24',
      peer: { tags: ['tag:t0'] },
    });
    const both = await Promise.all([builder.build(bytesOf(large)), builder.build(bytesOf(large))]);
    t.same(
      both.map((again) => again.summary.peers),
      [3_000, 3_000],
    );
    t.same(failures, []);
  },
);

void t.test('a document that is no status is the same error from both', async (t) => {
  const builder = new IndexBuilder(() => {});
  t.teardown(() => builder.close());
  await t.rejects(builder.build(new Uint8Array(Buffer.from('x'))), { code: 'status_unreadable' });
  await t.rejects(builder.build(new Uint8Array(2_000_000)), { code: 'status_unreadable' });
  t.equal((await builder.build(bytesOf(large))).summary.peers, 3_000, 'the thread lives on');
});

void t.test('without a thread all is done here, said once', async (t) => {
  const failures: string[] = [];
  const builder = new IndexBuilder(
    (detail) => failures.push(detail),
    pathToFileURL(join(t.testdir(), 'absent.js')),
  );
  t.teardown(() => builder.close());
  await t.rejects(builder.build(bytesOf(large)), /worker was lost/);
  t.equal((await builder.build(bytesOf(large))).summary.peers, 3_000);
  t.equal(failures.length, 1);
});

void t.test('closing ends what waits', async (t) => {
  const builder = new IndexBuilder(() => {});
  const building = builder.build(bytesOf(large));
  const rejected = t.rejects(building, { message: 'closed' });
  await builder.close();
  await rejected;
});

void t.test(
  'it works from one bundle whose entry point knows the thread, as src/cli.ts does',
  async (t) => {
    const entry = `
    import { isMainThread, workerData } from 'node:worker_threads';
    if (isMainThread) {
      const { IndexBuilder } = await import('./src/dns/index-builder.ts');
      const { largeStatus } = await import('./test/support/netmap.ts');
      const failures = [];
      const builder = new IndexBuilder((detail) => failures.push(detail));
      const bytes = new Uint8Array(Buffer.from(JSON.stringify(largeStatus(3000, 0))));
      const index = await builder.build(bytes);
      console.log(index.summary.peers, bytes.length, failures.length);
      await builder.close();
    } else if (workerData?.kind === 'spacetail-index') {
      const { runIndexWorker } = await import('./src/dns/index-worker.ts');
      runIndexWorker();
    }`;
    const outfile = join(t.testdir(), 'bundle.mjs');
    await build({
      stdin: { contents: entry, resolveDir: process.cwd(), loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile,
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    });
    const done = await run(process.execPath, [outfile]);
    t.equal(done.stdout.trim(), '3000 0 0', done.stderr);
  },
);
