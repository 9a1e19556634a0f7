/** Nomad by its own command line, by its client library for Go (what its Terraform provider is made of), and by OpenTofu. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client, Stage, Trial } from './client.ts';
import { startNomad, talkingJob } from './nomad-server.ts';
import type { PartName } from './parts.ts';
import { restapiBlock, stack, tofuParts } from './tofu.ts';

/** The same trial against an API without and with TLS. */
async function plainAndTls(
  stage: Stage,
  trial: (address: string, env: Readonly<Record<string, string>>) => Promise<Trial> | Trial,
): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  for (const isTls of [false, true]) {
    const address = await startNomad(stage, isTls);
    const made = await trial(address, { NOMAD_ADDR: address, NOMAD_CACERT: stage.facts.caFile });
    trials.push({ ...made, title: `${made.title}, ${isTls ? 'HTTPS' : 'HTTP'}` });
  }
  return trials;
}

/** What `spacelift-job.test.ts` is made from; `make test` builds that Nomad too, though its clients here are slow. */
export const jobParts: readonly PartName[] = [...tofuParts, 'nomad'];

const jobScript = `
"$0" job run -json -detach "$1"
"$0" job status talking
until "$0" job allocs talking | grep -q running; do :; done
# Three lines that come one after the other; the job goes on talking, so the follower learns that nobody listens.
"$0" alloc logs -f -job talking | grep -m 3 -x 'still there'
"$0" job stop -purge -detach talking
`;

export const nomadClients: readonly Client[] = [
  {
    name: 'Nomad CLI',
    setting: '`NOMAD_ADDR=http://NAME:4646`; a private CA in `NOMAD_CACERT`',
    parts: ['nomad'],
    isSlow: true,
    version: ({ nomad }) => [nomad, 'version'],
    prepare: (stage) =>
      plainAndTls(stage, (_, env) => {
        const file = join(stage.folder, 'job.json');
        writeFileSync(file, JSON.stringify({ Job: talkingJob('talking') }));
        return {
          title: 'job run, status, streaming log, stop',
          command: ['sh', '-ec', jobScript, stage.parts.nomad, file],
          env,
          expect: /Status +=[^]*still there\nstill there\nstill there\n/,
        };
      }),
  },
  {
    name: 'Go, nomad/api',
    setting: '`NOMAD_ADDR`, `NOMAD_CACERT` (with `api.DefaultConfig()`)',
    parts: ['nomad', 'nomadclient'],
    isSlow: true,
    version: ({ nomad }) => [nomad, 'version'],
    prepare: (stage) =>
      plainAndTls(stage, (_, env) => {
        const file = join(stage.folder, 'job.json');
        writeFileSync(file, JSON.stringify(talkingJob('by-api')));
        return {
          title: 'register, blocking query, streaming log, deregister',
          command: [stage.parts.nomadclient, file],
          env,
          expect: /registered by-api true\nhello\n(still there\n){3}/,
        };
      }),
  },
  {
    name: 'OpenTofu, restapi provider on Nomad',
    setting: 'nothing; a private CA in `SSL_CERT_FILE`',
    parts: ['nomad', ...tofuParts],
    isSlow: true,
    version: ({ tofu }) => [tofu, 'version'],
    prepare: (stage) =>
      plainAndTls(stage, async (address) => ({
        title: 'plan, apply, destroy of a job',
        ...(await stack(
          stage,
          `job-${new URL(address).protocol.slice(0, -1)}`,
          restapiBlock(address, false) + jobBlock,
        )),
        expect: /Apply complete! Resources: 1 added[^]*Destroy complete! Resources: 1 destroyed/,
      })),
  },
];

/** A job for the restapi provider. */
export const jobBlock = `resource "restapi_object" "job" {
  object_id    = "by-tofu"
  path         = "/v1/jobs"
  read_path    = "/v1/job/{id}"
  destroy_path = "/v1/job/{id}?purge=true"
  data         = jsonencode({ Job = jsondecode(${JSON.stringify(JSON.stringify(talkingJob('by-tofu')))}) })
}
`;
