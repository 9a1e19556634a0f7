import { randomBytes } from 'node:crypto';
import { chmod, chown, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';

/** The folder takes no new file, or the file is a mount of its own: then it is written in place. */
const cannotRename = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV']);

/**
 * Gives a file a new content at once: a reader sees the old or the new one. Mode and owner stay; a link
 * stays a link and its target is replaced.
 */
export async function replaceFile(path: string, content: Buffer): Promise<void> {
  const target = await realpath(path);
  const { mode, uid, gid } = await stat(target);
  const draft = `${target}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    // Only root may give a file away; mode after owner, since chown takes setuid bits.
    await chown(draft, uid, gid).catch(() => {});
    await chmod(draft, mode & 0o7777);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    if (!cannotRename.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await writeFile(target, content);
  }
}
