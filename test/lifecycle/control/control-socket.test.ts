import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import t from 'tap';
import { SpacetailError } from '../../../src/errors.ts';
import { callControl } from '../../../src/lifecycle/control/control-client.ts';
import {
  listenControl,
  type ControlHandlers,
} from '../../../src/lifecycle/control/control-socket.ts';
import { readJsonLines } from '../../../src/lifecycle/control/json-lines.ts';
import { claimPidfile } from '../../../src/lifecycle/folder/pidfile.ts';
import { identify, type ProcessId } from '../../../src/lifecycle/folder/process-id.ts';
import { runtimePaths } from '../../../src/lifecycle/folder/runtime-folder.ts';
import { tmpFolder, type HasTeardown } from '../../support/tmp-folder.ts';

const soon = (): AbortSignal => AbortSignal.timeout(20_000);

async function serve(t: HasTeardown, handlers: ControlHandlers) {
  const path = join(tmpFolder(t), 'control.sock');
  const server = await listenControl(path, handlers);
  t.teardown(() => server.close(0));
  return { path, server };
}

void t.test('an operation answers with its progress and its result', async (t) => {
  const { path } = await serve(t, {
    count: async (parameters, call) => {
      for (let i = 0; i < (parameters as { to: number }).to; i += 1) call.progress({ i });
      return 'done';
    },
    nothing: async () => undefined,
  });
  t.equal(lstatSync(path).mode & 0o777, 0o600);
  const seen: unknown[] = [];
  const result = await callControl(path, 'count', {
    parameters: { to: 3 },
    signal: soon(),
    onProgress: (event) => seen.push(event),
  });
  t.equal(result, 'done');
  t.strictSame(seen, [{ i: 0 }, { i: 1 }, { i: 2 }]);
  t.equal(await callControl(path, 'nothing', { signal: soon() }), null);
});

void t.test('an error arrives with its code, message and hint', async (t) => {
  const { path } = await serve(t, {
    refuse: async () => {
      throw new SpacetailError('login_failed', 'no', { hint: 'try again' });
    },
    break: async () => {
      throw new TypeError('undefined is not a function');
    },
  });
  await t.rejects(callControl(path, 'refuse', { signal: soon() }), {
    code: 'login_failed',
    message: 'no',
    hint: 'try again',
  });
  await t.rejects(callControl(path, 'break', { signal: soon() }), {
    code: 'internal',
    message: /not a function/,
  });
  for (const operation of ['unknown', 'constructor', '__proto__']) {
    await t.rejects(callControl(path, operation, { signal: soon() }), {
      code: 'internal',
      message: /does not know the operation/,
    });
  }
});

void t.test(
  'nobody there is not_up, and one that goes away or talks junk is control_failed',
  async (t) => {
    const folder = tmpFolder(t);
    await t.rejects(callControl(join(folder, 'none.sock'), 'status', { signal: soon() }), {
      code: 'not_up',
    });
    writeFileSync(join(folder, 'file'), '');
    await t.rejects(callControl(join(folder, 'file'), 'status', { signal: soon() }), {
      code: 'not_up',
    });
    for (const [index, text] of [
      '',
      'junk\n',
      '{"neither":1}\n',
      '{"progress":',
      'null\n',
    ].entries()) {
      const path = join(folder, `${index}.sock`);
      const server = createServer((socket) => socket.on('error', () => {}).end(text)).listen(path);
      await once(server, 'listening');
      t.teardown(() => server.close());
      await t.rejects(
        callControl(path, 'status', { signal: soon() }),
        { code: 'control_failed' },
        JSON.stringify(text),
      );
    }
  },
);

void t.test(
  'a supervisor that has claimed the folder and does not listen yet is waited for',
  async (t) => {
    const folder = runtimePaths(tmpFolder(t));
    const supervisor = spawn('sleep', ['60'], { stdio: 'ignore' });
    t.teardown(() => supervisor.kill('SIGKILL'));
    await claimPidfile(folder.pidfile, identify(supervisor.pid ?? 0) as ProcessId);
    const call = callControl(folder.controlSocket, 'ping', { signal: soon() });
    await sleep(300);
    const server = await listenControl(folder.controlSocket, { ping: async () => 'pong' });
    t.equal(await call, 'pong');
    await server.close(0);

    const second = callControl(folder.controlSocket, 'ping', { signal: soon() });
    supervisor.kill('SIGKILL');
    await t.rejects(second, { code: 'not_up' }, 'but not when it dies before');
  },
);

void t.test(
  'a call that is given up ends with its own reason, and its handler is told',
  async (t) => {
    const told = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const { path } = await serve(t, {
      hang: async (_, call) => {
        started.resolve();
        await once(call.signal, 'abort');
        told.resolve();
      },
    });
    const giveUp = new AbortController();
    const call = callControl(path, 'hang', { signal: giveUp.signal });
    await started.promise;
    giveUp.abort(new Error('enough'));
    await t.rejects(call, { message: 'enough' });
    await told.promise;
  },
);

void t.test(
  'a running call gets its answer although the server closes; one that hangs is cut',
  async (t) => {
    const go = Promise.withResolvers<string>();
    const { path, server } = await serve(t, {
      slow: async () => await go.promise,
      hang: () => new Promise(() => {}),
    });
    const slow = callControl(path, 'slow', { signal: soon() });
    const hang = callControl(path, 'hang', { signal: soon() });
    hang.catch(() => {});
    await callControl(path, 'unknown', { signal: soon() }).catch(() => {});
    const closed = server.close(300);
    go.resolve('in time');
    t.equal(await slow, 'in time');
    await t.rejects(hang, { code: 'control_failed' });
    await closed;
    t.notOk(existsSync(path));
  },
);

void t.test('a socket left by a dead supervisor is replaced', async (t) => {
  const path = join(tmpFolder(t), 'control.sock');
  writeFileSync(path, 'left over');
  const server = await listenControl(path, { ping: async () => 'pong' });
  t.equal(await callControl(path, 'ping', { signal: soon() }), 'pong');
  await server.close(0);
});

void t.test('any bytes on the socket leave the server answering', async (t) => {
  const { path } = await serve(t, { ping: async () => 'pong' });
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const socket = connect(path).on('error', () => {});
      socket.end(bytes);
      socket.resume();
      await once(socket, 'close');
      assert.equal(await callControl(path, 'ping', { signal: soon() }), 'pong');
    }),
    { seed: 14, numRuns: 60 },
  );
  t.pass('60 runs');
});

void t.test(
  'lines are read whole however they are cut, and an endless one is refused',
  async (t) => {
    const cut = async (chunks: readonly Buffer[]): Promise<unknown[]> => {
      async function* source() {
        yield* chunks;
      }
      const values: unknown[] = [];
      for await (const value of readJsonLines(source())) values.push(value);
      return values;
    };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.jsonValue(), { maxLength: 5 }),
        fc.integer({ min: 1, max: 7 }),
        async (values, size) => {
          const bytes = Buffer.from(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
          const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
            bytes.subarray(i * size, (i + 1) * size),
          );
          assert.deepEqual(await cut(chunks), JSON.parse(JSON.stringify(values)));
        },
      ),
      { seed: 14, numRuns: 100 },
    );
    t.pass('100 runs');
    await t.rejects(cut(Array.from({ length: 5 }, () => Buffer.alloc(1 << 20, 'x'))), {
      message: /a line of more than/,
    });
    await t.rejects(cut([Buffer.from('{\n')]), { name: 'SyntaxError' });
  },
);
