// node test/tailnet/enter.ts [--] CMD…: runs CMD in a namespace of its own and exits as it did.
import { commandOf, exitWith } from './command.ts';
import { enterNamespace } from './enter-namespace.ts';

await exitWith('enter', () => enterNamespace(commandOf('enter')));
