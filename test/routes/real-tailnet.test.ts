import '../tailnet/inside.ts'; // first
import t from 'tap';
import { spacetailFor } from '../integration/spacetail.ts';
import { tmpFolder } from '../support/tmp-folder.ts';
import { selfSign } from '../tailnet/servers/certificate.ts';
import { useTailnet } from '../tailnet/use-tailnet.ts';
import { realWay } from './real-way.ts';
import { table } from './table.ts';
import { runTable } from './wire-case.ts';

t.setTimeout(300_000);
const { facts } = await useTailnet(t);
const { caFile, certFile, keyFile } = facts;
const certificate = { certFile, keyFile, selfSignedFile: selfSign(tmpFolder(t), keyFile) };
const spacetail = await spacetailFor(t, facts, { SSL_CERT_FILE: caFile });
await spacetail.up();
await runTable(t, table, 'real tailnet', () => realWay(spacetail, certificate));
