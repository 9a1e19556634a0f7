import '../tailnet/inside.ts';
import t from 'tap';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import type { Client } from './client.ts';
import { ensureParts } from './parts.ts';
import { runClient } from './run-client.ts';

t.setTimeout(120_000);
const tailnet = await useTailnet(t);

void t.test('a client that goes around the bridge, or nowhere, does not pass', async (t) => {
  const cheat: Client = {
    name: 'cheat',
    setting: 'nothing',
    version: ['curl', '--version'],
    prepare: async ({ http, host }) => {
      const { port } = new URL(http);
      const past = ['--noproxy', '*', '--resolve', `${host}:${port}:127.0.0.1`];
      return [
        { title: 'around', command: ['curl', '-sSf', ...past, `${http}/echo`], expect: /via/ },
        { title: 'nowhere', command: ['echo', 'via'], expect: /via/ },
        {
          title: 'broken',
          command: ['sh', '-c', 'curl -sf "$0"; exit 3', `${http}/`],
          expect: /hello/,
        },
      ];
    },
  };
  const parts = await ensureParts([]);
  const [around, nowhere, broken] = await runClient(t, cheat, { facts: tailnet.facts, parts });
  t.match(around?.faults, [
    /^1 connections came another way/,
    /works with the bridge stopped/,
    /somebody came with the bridge stopped/,
  ]);
  t.match(nowhere?.faults, [/nobody came/, /works with the bridge stopped/]);
  t.match(broken?.faults, [/^exit 3 with the bridge/, /fails for another reason/]);
});
