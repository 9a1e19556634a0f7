import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import t from 'tap';
import { freePort } from '../support/free-port.ts';
import { waitFor } from '../support/wait-for.ts';
import { openDoor } from './door.ts';

/** Comes and goes while this process can accept nobody. */
function visitBriefly(port: number, script = ''): void {
  spawnSync('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}; ${script}`]);
}

void t.test('who comes by the own network of the host is seen', async (t) => {
  const door = await openDoor(t, await freePort());
  const visitor = connect(door.port, '127.0.0.1').on('error', () => {});
  t.teardown(() => visitor.destroy());
  await waitFor(() => door.visitors().length === 1);
  t.strictSame(door.visitors(), [null]);
});

void t.test('who says something and goes at once is seen too', async (t) => {
  const door = await openDoor(t, await freePort());
  visitBriefly(door.port, 'printf hello >&3');
  await waitFor(() => door.visitors().length === 1);
  t.strictSame(door.visitors(), [null]);
});

void t.test(
  'a node whose client gave up amid a dial was taken for one that came by the own network',
  async (t) => {
    const door = await openDoor(t, await freePort());
    visitBriefly(door.port);
    // There is no service behind the door, so it sends the next one away: by then it has seen both.
    const second = connect(door.port, '127.0.0.1').on('error', () => {});
    await new Promise((resolve) => second.once('close', resolve));
    t.strictSame(door.visitors(), [null], 'only the one that stayed');
  },
);
