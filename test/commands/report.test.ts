import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { run } from '../../src/commands/report.ts';
import { createRunRecord } from '../../src/report/run-record.ts';
import { cli } from '../support/cli.ts';
import { commandIo } from '../support/command-io.ts';
import { runRequest } from '../support/run-request.ts';
import { standInSupervisor } from '../support/stand-in-supervisor.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

function snapshot(host: string, runId: string | null = 'run-1') {
  const record = createRunRecord({ startedMs: Date.now() - 5000, runId, policyMode: 'enforce' });
  record.add(runRequest({ host }));
  return record.snapshot(Date.now());
}

void t.test('the run so far is reported in every format', async (t) => {
  const { env } = await standInSupervisor(t, {
    operations: { report: async () => snapshot('live.example') },
  });
  for (const [format, pattern] of [
    [undefined, /^live\.example:80 /m],
    ['table', /^live\.example:80 /m],
    ['markdown', /^\| live\.example:80 \|/m],
    ['html', /<td class="left">live\.example:80<\/td>/],
  ] as const) {
    const world = commandIo(env);
    t.equal(await run(format === undefined ? {} : { format }, world.io), 0);
    t.match(world.stdout(), pattern, format ?? 'default');
  }
  const json = commandIo(env);
  await run({ format: 'json' }, json.io);
  t.match(JSON.parse(json.stdout()), {
    version: 1,
    runId: 'run-1',
    destinations: [{ host: 'live.example' }],
  });
});

void t.test('with nothing up it is the last run', async (t) => {
  const folder = tmpFolder(t);
  writeFileSync(join(folder, 'last-run.json'), JSON.stringify(snapshot('last.example')));
  const world = commandIo({ SPACETAIL_RUNTIME_DIR: folder });
  t.equal(await run({}, world.io), 0);
  t.match(world.stdout(), /^last\.example:80 /m);
});

void t.test('no run at all, and a record that is none, say so with exit 1', async (t) => {
  const folder = tmpFolder(t);
  const world = () => commandIo({ SPACETAIL_RUNTIME_DIR: folder }).io;
  await t.rejects(run({}, world()), {
    code: 'not_up',
    exitCode: 1,
    message: /no run to report on/,
  });
  writeFileSync(join(folder, 'last-run.json'), '{"version":9}');
  await t.rejects(run({}, world()), { message: /last-run\.json is not the record of a run/ });
  writeFileSync(join(folder, 'last-run.json'), 'junk');
  await t.rejects(run({}, world()), { message: /last-run\.json is not the record of a run/ });
});

void t.test('an unknown format is exit 2 and says which there are', async (t) => {
  await t.rejects(run({ format: 'pdf' }, commandIo().io), {
    code: 'config_invalid',
    message: /"pdf".*table, markdown, json, html/,
  });
});

void t.test(
  "--custom-input writes Spacelift's file into the folder the hook runs in",
  async (t) => {
    const { env } = await standInSupervisor(t, {
      operations: { report: async () => snapshot('live.example', null) },
    });
    const cwd = tmpFolder(t);
    const result = await cli(['report', '--custom-input'], {
      env: { ...env, TF_VAR_spacelift_run_id: '01JRUN' },
      cwd,
    });
    t.match(result, { code: 0, stdout: '' });
    const path = join(cwd, 'spacetail.custom.spacelift.json');
    t.ok(existsSync(path));
    t.match(JSON.parse(readFileSync(path, 'utf8')), {
      run_id: '01JRUN',
      destinations: [{ host: 'live.example', port: 80 }],
    });
  },
);
