/** Prints whom `up` would take for the owner if it were called here. */
import { findOwner } from '../../src/lifecycle/run/owner.ts';

process.stdout.write(`owner ${findOwner({ kind: 'auto' })?.pid}\n`);
