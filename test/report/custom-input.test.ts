import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  customInputFile,
  removeStaleCustomInput,
  writeCustomInput,
} from '../../src/report/custom-input.ts';
import { createRunRecord } from '../../src/report/run-record.ts';
import { runRequest } from '../support/run-request.ts';
import { tmpFolder } from '../support/tmp-folder.ts';

const startedMs = 1_800_000_000_000;

function snapshot() {
  const record = createRunRecord({ startedMs, runId: '01JRUN', policyMode: 'report' });
  record.add(runRequest());
  record.add(
    runRequest({
      host: 'evil.example',
      policy: { decision: 'would_deny', rule: null, mode: 'report' },
    }),
  );
  return record.snapshot(startedMs + 1000);
}

void t.test(
  'the file has the name Spacelift looks for and carries the run and its destinations',
  async (t) => {
    const root = tmpFolder(t);
    const path = await writeCustomInput(root, snapshot());
    t.equal(path, join(root, 'spacetail.custom.spacelift.json'));
    t.match(JSON.parse(readFileSync(path, 'utf8')), {
      run_id: '01JRUN',
      policy_mode: 'report',
      started_at: '2027-01-15T08:00:00.000Z',
      totals: { requests: 2, errors: 0, denied: 0, would_deny: 1, bytes_up: 200, bytes_down: 2000 },
      destinations: [
        {
          host: 'web.tail1234.ts.net',
          port: 80,
          route: 'tailnet',
          peer: 'web.tail1234.ts.net',
          requests: 1,
        },
        { host: 'evil.example', would_deny: 1 },
      ],
      complete: true,
    });
    t.same(readdirSync(root), [customInputFile], 'no draft is left');
  },
);

void t.test(
  'more destinations than are kept apart: the file says that it is not complete',
  async (t) => {
    const record = createRunRecord({ startedMs, runId: '01JRUN', policyMode: 'enforce' });
    for (let at = 0; at < 1001; at++) record.add(runRequest({ host: `h${at}.example` }));
    const path = await writeCustomInput(tmpFolder(t), record.snapshot(startedMs));
    t.match(JSON.parse(readFileSync(path, 'utf8')), {
      complete: false,
      totals: { requests: 1001 },
    });
  },
);

void t.test(
  'what a pull request committed under that name is taken away, also a link or a folder',
  async (t) => {
    const root = tmpFolder(t);
    const victim = join(root, 'victim');
    writeFileSync(victim, 'precious');
    const path = join(root, customInputFile);
    t.equal(await removeStaleCustomInput(root), false);
    writeFileSync(path, '{"run_id":"forged"}');
    t.equal(await removeStaleCustomInput(root), true);
    symlinkSync(victim, path);
    t.equal(await removeStaleCustomInput(root), true);
    mkdirSync(join(path, 'deep'), { recursive: true });
    t.equal(await removeStaleCustomInput(root), true);
    t.notOk(existsSync(path));
    t.equal(readFileSync(victim, 'utf8'), 'precious');
  },
);

void t.test('it is never written through a link, and replaces a folder', async (t) => {
  const root = tmpFolder(t);
  const victim = join(root, 'victim');
  writeFileSync(victim, 'precious');
  const path = join(root, customInputFile);
  symlinkSync(victim, path);
  await writeCustomInput(root, snapshot());
  t.ok(lstatSync(path).isFile());
  t.equal(readFileSync(victim, 'utf8'), 'precious');
});

void t.test(
  'a project root that is gone is an error on writing, nothing to remove before',
  async (t) => {
    const gone = join(tmpFolder(t), 'gone');
    t.equal(await removeStaleCustomInput(gone), false);
    await t.rejects(writeCustomInput(gone, snapshot()), { code: 'ENOENT' });
  },
);
