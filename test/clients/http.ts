/** Programs that fetch by HTTP. */
import type { Client, Stage, Trial } from './client.ts';

/**
 * The same command for the origin's plain and TLS URL.
 * @param what before "HTTP" and "HTTPS" in the titles
 */
export function plainAndTls(
  stage: Stage,
  command: (url: string) => readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
  what = '',
): Trial[] {
  const expect = /"origin":"tailnet"/;
  return [
    { title: `${what}HTTP`, command: command(`${stage.http}/echo`), env, expect },
    { title: `${what}HTTPS`, command: command(`${stage.https}/echo`), env, expect },
  ];
}

export const httpClients: readonly Client[] = [
  {
    name: 'curl',
    setting: 'nothing; a private CA in `CURL_CA_BUNDLE`',
    version: ['curl', '--version'],
    prepare: async (stage) =>
      plainAndTls(stage, (url) => ['curl', '-sSf', url], { CURL_CA_BUNDLE: stage.facts.caFile }),
  },
  {
    name: 'wget',
    setting: 'nothing; a private CA by `--ca-certificate`',
    version: ['wget', '--version'],
    prepare: async (stage) =>
      plainAndTls(stage, (url) => [
        ...(['wget', '-nv', '-O', '-', '--tries=1'] as const),
        `--ca-certificate=${stage.facts.caFile}`,
        url,
      ]),
  },
  {
    name: 'git over HTTP',
    setting: 'nothing; a private CA in `GIT_SSL_CAINFO`',
    version: ['git', '--version'],
    prepare: async ({ http, https, facts }) =>
      [http, https].map((origin, at) => ({
        title: at === 0 ? 'clone and push, HTTP' : 'clone and push, HTTPS',
        command: [
          'sh',
          '-ec',
          `git clone -q "$0" clone && cd clone && git log --format=%s && git push "$0" HEAD:refs/heads/from-$$`,
          `${origin}${facts.gitPath}`,
        ],
        env: { GIT_SSL_CAINFO: facts.caFile, GIT_TERMINAL_PROMPT: '0' },
        expect: /second\nfirst[^]*new branch/,
      })),
  },
  {
    name: 'Go, net/http',
    setting: 'nothing; a private CA in `SSL_CERT_FILE`',
    parts: ['goclient'],
    version: ['go', 'version'],
    prepare: async (stage) =>
      plainAndTls(stage, (url) => [stage.parts.goclient, url], {
        SSL_CERT_FILE: stage.facts.caFile,
      }),
  },
];
