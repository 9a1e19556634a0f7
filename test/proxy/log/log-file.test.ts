import type { FileHandle } from 'node:fs/promises';
import t from 'tap';
import { LogFile } from '../../../src/proxy/log/log-file.ts';

/** A disk with `free` bytes left. */
function fakeDisk(free: number) {
  const disk = {
    free,
    content: '',
    writes: 0,
    whenWritten: Promise.withResolvers<void>(),
    handle: {
      async write(bytes: Buffer) {
        disk.writes += 1;
        const bytesWritten = Math.min(disk.free, bytes.length);
        disk.whenWritten.resolve();
        if (bytesWritten === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        disk.free -= bytesWritten;
        disk.content += bytes.toString('utf8', 0, bytesWritten);
        return { bytesWritten, buffer: bytes };
      },
      close: async () => undefined,
    } as unknown as FileHandle,
  };
  return disk;
}

const options = { path: '/nowhere', maxBytes: 1e9, keep: 1, maxWaitingBytes: 1000 };

void t.test('a disk that is full for a while costs nothing, not even half a line', async (t) => {
  const disk = fakeDisk(15);
  const log = new LogFile(options, disk.handle, 0);
  log.write('first line\n');
  log.write('second line\n');
  await disk.whenWritten.promise;
  disk.free = 1000;
  log.write('third line\n');
  await log.close();
  t.equal(disk.content, 'first line\nsecond line\nthird line\n');
  t.equal(log.dropped(), 0);
});

void t.test('a disk that stays full costs lines, each counted', async (t) => {
  const disk = fakeDisk(15);
  const log = new LogFile(options, disk.handle, 0);
  for (let count = 0; count < 200; count++) log.write('0123456789\n');
  t.equal(log.dropped(), 200 - 90, 'more than may wait');
  await log.close();
  t.equal(log.dropped(), 199, 'one was written');
});
