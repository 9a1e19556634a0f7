/**
 * Pulumi with its state in an S3 bucket on the node, as MinIO serves one, and a resource at an API on the node. The
 * program is in Go on the Automation API, and the provider is ours: neither Pulumi's language hosts nor its Nomad provider
 * are to be had as Go modules of this version. Ours asks by net/http's default transport, as the providers in Go do.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client, Stage, Trial } from './client.ts';
import { startService } from './services.ts';
import { startObjectServer } from './tofu-servers.ts';

const project = `name: objects
runtime: go
plugins:
  providers:
    - name: objects
      path: plugins
`;

interface Bucket {
  /** For `pulumi login`. */
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  /** `STATUS METHOD PATH` of each request. */
  requests(): readonly string[];
}

/** A bucket on the node that answers only to what is signed with its key. */
async function startBucket(stage: Stage, isTls: boolean): Promise<Bucket> {
  const { certFile, keyFile } = stage.facts;
  const env = {
    AWS_ACCESS_KEY_ID: 'pulumi',
    AWS_SECRET_ACCESS_KEY: randomBytes(20).toString('hex'),
  };
  const files = isTls ? [certFile, keyFile] : [];
  const server = startService(stage, [stage.parts.s3, 'state', ...files], { env });
  const [port = ''] = await server.printed(/^\d+(?=\n)/);
  const query = new URLSearchParams({
    endpoint: `${stage.host}:${await stage.open(Number(port))}`,
    region: 'us-east-1',
    s3ForcePathStyle: 'true',
    ...(!isTls && { disableSSL: 'true' }),
  });
  return {
    url: `s3://state?${query.toString()}`,
    env,
    requests: () => server.output().split('\n').slice(1, -1),
  };
}

/** A folder with the project and links to the programs, so that nothing is downloaded. */
async function writeProject({ folder, parts }: Stage): Promise<string> {
  const source = join(folder, 'project');
  for (const name of ['bin', 'plugins']) await mkdir(join(source, name), { recursive: true });
  await writeFile(join(source, 'Pulumi.yaml'), project);
  await symlink(parts.pulumi, join(source, 'bin/pulumi'));
  await symlink(parts.pulumiprogram, join(source, 'bin/program'));
  await symlink(parts.pulumiprogram, join(source, 'plugins/pulumi-resource-objects'));
  return source;
}

const start = `
cp -R "$0"/. .
# In a folder of this attempt: by default it is in the home folder of /etc/passwd, whatever HOME says.
export PATH="$PWD/bin:$PATH" PULUMI_HOME="$PWD/own"
quiet() { pulumi "$@" --non-interactive --color never; }
quiet login "$1"
`;

const wholeLife = `${start}
quiet stack init dev
quiet config set objects:url "$2"
program preview
program up
quiet refresh --yes
quiet stack output colour
quiet destroy --yes
quiet stack rm --yes
`;

/** The bucket looks at the key: getting to the node is not enough. */
const refused = `${start}
export AWS_SECRET_ACCESS_KEY="$OTHER_KEY"
if quiet stack ls; then exit 9; fi
`;

/** @returns what is wrong with the life of one state in the bucket */
function bucketFaults(requests: readonly string[]): readonly string[] {
  const state = '/state/.pulumi/stacks/objects/dev.json';
  const isLock = (line: string): boolean => line.includes(' /state/.pulumi/locks/');
  const count = (start: string): number =>
    requests.filter((line) => line.startsWith(start) && isLock(line)).length;
  const faults: string[] = [];
  if (!requests.includes(`200 PUT ${state}`)) faults.push('no state came to the bucket');
  if (!requests.includes(`204 DELETE ${state}`)) faults.push('the state was left in the bucket');
  if (count('200 PUT') === 0 || count('200 PUT') !== count('204 DELETE'))
    faults.push(`${count('200 PUT')} locks were taken, ${count('204 DELETE')} given back`);
  if (requests.some((line) => line.startsWith('403 '))) faults.push('a request was refused');
  return faults.length === 0 ? [] : [...faults, ...requests];
}

async function lifeTrial(stage: Stage, source: string, isTls: boolean): Promise<Trial> {
  const bucket = await startBucket(stage, isTls);
  const api = await startObjectServer(stage, { isTls });
  return {
    title: `preview, up, refresh, destroy, state in S3, ${isTls ? 'HTTPS' : 'HTTP'}`,
    command: ['sh', '-ec', wholeLife, source, bucket.url, api.url],
    env: { ...environment(stage), ...bucket.env },
    expect: /\+ 2 created[^]*\ngreen\n[^]*- 2 deleted[^]*Stack 'dev' has been removed/,
    faults: () => {
      const asked = api.asked.join(' ');
      return /^POST (?:GET )+DELETE$/.test(asked) && api.objects.size === 0
        ? bucketFaults(bucket.requests())
        : [`the API was asked ${asked} and keeps ${api.objects.size} objects`];
    },
  };
}

async function refusedTrial(stage: Stage, source: string): Promise<Trial> {
  const bucket = await startBucket(stage, false);
  return {
    title: 'a wrong key of the bucket is told',
    command: ['sh', '-ec', refused, source, bucket.url],
    env: { ...environment(stage), ...bucket.env, OTHER_KEY: randomBytes(20).toString('hex') },
    expect: /SignatureDoesNotMatch/,
    faults: () =>
      bucket.requests().some((line) => line.startsWith('403 ')) ? [] : bucket.requests(),
  };
}

/** A `pulumi` that is built from its module has no version of its own, which the Automation API would ask for. */
const environment = ({ facts }: Stage): Readonly<Record<string, string>> => ({
  PULUMI_SKIP_UPDATE_CHECK: 'true',
  PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: 'true',
  PULUMI_CONFIG_PASSPHRASE: randomBytes(20).toString('hex'),
  SSL_CERT_FILE: facts.caFile,
});

export const pulumiClient: Client = {
  name: 'Pulumi, S3 backend',
  setting:
    "`pulumi login 's3://BUCKET?endpoint=NAME:9000&s3ForcePathStyle=true&region=us-east-1'`, with `&disableSSL=true` for HTTP; a private CA in `SSL_CERT_FILE`",
  parts: ['pulumi', 'pulumiprogram', 's3'],
  isSlow: true,
  version: ({ pulumi }) => ['sh', '-c', `go version -m '${pulumi}' | grep 'mod.*pulumi/pkg'`],
  async prepare(stage) {
    const source = await writeProject(stage);
    return [
      await lifeTrial(stage, source, false),
      await lifeTrial(stage, source, true),
      await refusedTrial(stage, source),
    ];
  },
};
