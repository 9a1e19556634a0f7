/** OpenTofu with its `http` backend and with providers, which are served from a filesystem mirror. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeMirror } from '../ship/mirror.ts';
import type { Client, Stage, Trial } from './client.ts';
import type { PartName, Parts } from './parts.ts';
import { startObjectServer, startStateServer, type StateServer } from './tofu-servers.ts';

export const tofuParts: readonly PartName[] = ['tofu', 'restapi', 'httpprovider'];

/** The environment that makes `tofu` on PATH quiet, offline and sure of our CA. */
export async function tofuEnvironment(
  folder: string,
  parts: Parts,
  caFile: string,
): Promise<Record<string, string>> {
  const configFile = await writeMirror(folder, [
    { source: 'mastercard/restapi', version: '1.20.0', binary: parts.restapi },
    { source: 'hashicorp/http', version: '1.2.0', binary: parts.httpprovider },
  ]);
  return {
    TF_CLI_CONFIG_FILE: configFile,
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
    TF_CLI_ARGS: '-no-color',
    SSL_CERT_FILE: caFile,
  };
}

export const backendBlock = ({ url }: Pick<StateServer, 'url'>): string => `terraform {
  backend "http" {
    address        = "${url}"
    lock_address   = "${url}"
    unlock_address = "${url}"
    retry_max      = 0
  }
}
`;

/** @param isEcho whether the API answers a write with the object */
export const restapiBlock = (uri: string, isEcho = true): string => `terraform {
  required_providers {
    restapi = { source = "mastercard/restapi" }
  }
}
provider "restapi" {
  uri                  = "${uri}"
  write_returns_object = ${isEcho}
}
`;

const objectBlock = `resource "restapi_object" "one" {
  path = "/objects"
  data = jsonencode({ id = "one", colour = "green" })
}
`;

const echoBlock = (origin: string): string => `data "http" "echo" {
  url = "${origin}/echo"
}
output "origin" {
  value = jsondecode(data.http.echo.body).origin
}
`;

/** Everything, in a folder of its own: init, plan, apply of that plan, destroy. */
const wholeLife =
  'cp "$1"/*.tf . && "$0" init && "$0" plan -out plan && "$0" apply plan && "$0" destroy -auto-approve';

/** A trial of a stack in a folder of its own. */
export async function stack(
  stage: Stage,
  name: string,
  text: string,
  script = wholeLife,
): Promise<Pick<Trial, 'command' | 'env'>> {
  const folder = join(stage.folder, name);
  await mkdir(folder);
  await writeFile(join(folder, 'main.tf'), text);
  return {
    command: ['sh', '-ec', script, stage.parts.tofu, folder],
    env: await tofuEnvironment(folder, stage.parts, stage.facts.caFile),
  };
}

const version = ({ tofu }: Parts): readonly [string, ...string[]] => [tofu, 'version'];

async function backendTrials(stage: Stage): Promise<readonly Trial[]> {
  const trials: Trial[] = [];
  const resource = 'resource "terraform_data" "one" {\n  input = "kept"\n}\n';
  for (const isTls of [false, true]) {
    const state = await startStateServer(stage, { isTls });
    const title = `plan, apply, destroy with lock and unlock, ${isTls ? 'HTTPS' : 'HTTP'}`;
    trials.push({
      title,
      ...(await stack(stage, `backend-${isTls}`, backendBlock(state) + resource)),
      expect: /Apply complete! Resources: 1 added[^]*Destroy complete! Resources: 1 destroyed/,
      faults: () => {
        const { granted } = state;
        const count = (method: string): number => granted.filter((one) => one === method).length;
        return count('LOCK') === 3 && count('UNLOCK') === 3 && state.resources() === 0
          ? []
          : [`the state server granted ${granted.join(' ')}`];
      },
    });
  }
  const held = await startStateServer(stage);
  held.lock('the other run');
  trials.push({
    title: 'a held lock is told',
    ...(await stack(
      stage,
      'held',
      backendBlock(held) + resource,
      'cp "$1"/*.tf . && "$0" init && if "$0" plan; then exit 9; fi',
    )),
    expect: /Error acquiring the state lock[^]*the other run/,
  });
  return trials;
}

export const tofuClients: readonly Client[] = [
  {
    name: 'OpenTofu, http backend',
    setting: 'nothing; a private CA in `SSL_CERT_FILE`',
    parts: tofuParts,
    version,
    prepare: backendTrials,
  },
  {
    name: 'OpenTofu, restapi provider',
    setting: 'nothing; a private CA in `SSL_CERT_FILE`',
    parts: tofuParts,
    version,
    async prepare(stage) {
      const trials: Trial[] = [];
      for (const isTls of [false, true]) {
        const api = await startObjectServer(stage, { isTls });
        trials.push({
          title: `plan, apply, destroy, ${isTls ? 'HTTPS' : 'HTTP'}`,
          ...(await stack(stage, `restapi-${isTls}`, restapiBlock(api.url) + objectBlock)),
          expect: /Apply complete! Resources: 1 added[^]*Destroy complete! Resources: 1 destroyed/,
          faults: () =>
            api.asked.includes('POST') && api.asked.at(-1) === 'DELETE'
              ? []
              : [`the API was asked ${api.asked.join(' ')}`],
        });
      }
      return trials;
    },
  },
  {
    name: 'OpenTofu, http provider',
    setting: 'nothing; a private CA in `SSL_CERT_FILE`',
    parts: tofuParts,
    version,
    async prepare(stage) {
      const trials: Trial[] = [];
      for (const origin of [stage.http, stage.https]) {
        const scheme = new URL(origin).protocol === 'https:' ? 'HTTPS' : 'HTTP';
        trials.push({
          title: `plan, apply, destroy, ${scheme}`,
          ...(await stack(stage, scheme, echoBlock(origin))),
          expect: /origin = "tailnet"[^]*Destroy complete!/,
        });
      }
      return trials;
    },
  },
];
