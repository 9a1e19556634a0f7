/**
 * sshd and PostgreSQL behave differently, or refuse, as root: they run as the user `tester` (uid 1000) of a user
 * namespace of their own, where a passwd file of theirs says who that is. Works as root and as an ordinary user alike.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const ordinaryUser = 'tester';

/** @param home where the user is at home, and where the passwd and group files are written */
export function asOrdinaryUser(
  home: string,
  command: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  writeFileSync(join(home, 'passwd'), `${ordinaryUser}:x:1000:1000::${home}:/bin/sh\n`);
  // Without a group `tty`, to which sshd would want to give terminals: it has no number in there.
  writeFileSync(join(home, 'group'), `${ordinaryUser}:x:1000:\n`);
  const script =
    'for file in passwd group; do mount --bind "$0/$file" "/etc/$file" || exit; done; exec unshare --user --map-user=1000 --map-group=1000 "$@"';
  return ['unshare', '--mount', 'sh', '-c', script, home, ...command];
}
