/** The action's post step: leaves the tailnet and prints what the job talked to. Never fails a job. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const folder = process.env['STATE_bin'];
if (folder) spawnSync(process.execPath, [join(folder, 'spacetail'), 'down'], { stdio: 'inherit' });
