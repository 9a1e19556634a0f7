/**
 * `make demo`: an offline tailnet, and the programs people run reaching it through the bridge by name. Prints
 * each step; ends with the access log and a summary that names every request. Exits 1 if one went wrong.
 */
import '../tailnet/inside.ts';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { run, type Finished } from '../support/run.ts';
import { readLogLines } from '../support/log-lines.ts';
import { waitFor } from '../support/wait-for.ts';
import { joinVariables } from '../tailnet/join-variables.ts';
import { startTailnet } from '../tailnet/tailnet.ts';
import { buildGoClient } from './go-client.ts';

const bundle = fileURLToPath(new URL('../../dist/spacetail.js', import.meta.url));
const folder = mkdtempSync(`${tmpdir()}/spacetail-demo-`);
const startedMs = performance.now();
let failed = 0;

function say(text: string): void {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(5);
  console.log(`[${seconds} s] ${text}`);
}

const indent = (text: string): string => text.trimEnd().replaceAll(/^/gm, '          ');

/** A line of the access log in words. */
function oneRequest(line: Record<string, string | number | null>): string {
  const peer = line['peer'] === null ? '' : ` ${line['peer']}`;
  return `${line['method']} ${line['host']}:${line['port']} → ${line['status']} (${line['route']}${peer}, name by ${line['name_source']})`;
}

/** Runs a command and shows it with what it printed; a wrong exit or missing words count as a failure. */
async function show(
  title: string,
  command: readonly [string, ...string[]],
  options: { env: Record<string, string>; expect?: RegExp; cwd?: string },
): Promise<Finished> {
  say(title);
  const [file, ...args] = command;
  const result = await run(file, args, {
    env: options.env,
    cwd: options.cwd ?? folder,
    timeoutMs: 60_000,
  });
  const output = `${result.stdout}${result.stderr}`;
  if (output.trim() !== '') console.log(indent(output));
  if (result.code !== 0 || (options.expect !== undefined && !options.expect.test(output))) {
    failed += 1;
    console.log(
      indent(
        `FAILED: exit ${result.code}${options.expect === undefined ? '' : `, wanted ${options.expect}`}`,
      ),
    );
  }
  return result;
}

say('starting headscale, tailscaled nodes, origins and resolvers in a network namespace');
const tailnet = await startTailnet({ report: (line) => say(line) });
const { caFile, tailnetOrigin, subnetOrigin, gitPath } = tailnet.facts;
try {
  const goClient = await buildGoClient();
  const base = {
    ...joinVariables(tailnet.facts),
    TS_HOSTNAME: 'demo-run',
    SPACETAIL_RUNTIME_DIR: `${folder}/run`,
    SPACETAIL_OWNER_PID: String(process.pid),
    HOME: folder,
  };
  const spacetail = (...args: string[]): [string, ...string[]] => [
    process.execPath,
    bundle,
    ...args,
  ];
  await show('spacetail up', spacetail('up'), { env: base, expect: /up as demo-run\.tail\.test/ });
  const { stdout } = await run(process.execPath, [bundle, 'env', '--format', 'json'], {
    env: base,
  });
  const client = {
    ...base,
    ...(JSON.parse(stdout) as Record<string, string>),
    SSL_CERT_FILE: caFile,
  };
  const http = tailnetOrigin.http === 80 ? '' : `:${tailnetOrigin.http}`;
  const https = tailnetOrigin.https === 443 ? '' : `:${tailnetOrigin.https}`;
  const hello = { env: client, expect: /hello from tailnet/ };

  await show('curl, HTTP, by short name', ['curl', '-sS', `http://web${http}/`], hello);
  await show(
    'curl, HTTPS, by FQDN',
    ['curl', '-sS', '--cacert', caFile, `https://web.tail.test${https}/`],
    hello,
  );
  await show(
    'git clone over HTTP',
    ['git', 'clone', '-q', `http://web.tail.test${http}${gitPath}`, 'clone'],
    {
      env: client,
    },
  );
  await show('what was cloned', ['git', '-C', 'clone', 'log', '--oneline'], {
    env: client,
    expect: /^\w{7,} /m,
  });
  await show(
    'a Go program (net/http), HTTP and HTTPS',
    [goClient, `http://db${http}/`, `https://db.tail.test${https}/`],
    hello,
  );
  await show(
    'Python urllib, by FQDN',
    [
      'python3',
      '-c',
      'import urllib.request as u, sys; sys.stdout.write(u.urlopen(sys.argv[1]).read().decode())',
      `http://web.tail.test${http}/`,
    ],
    hello,
  );
  await show(
    'curl to an address behind the subnet router',
    ['curl', '-sS', `http://${subnetOrigin.address}:${subnetOrigin.http}/`],
    { env: client, expect: /hello from subnet/ },
  );
  await show('a name of split DNS', ['curl', '-sS', `http://wiki.corp.test${http}/`], hello);
  await show(
    'a public host, which tailscaled never sees',
    ['curl', '-sS', `http://public.test:${tailnet.facts.internetOrigin.http}/`],
    {
      env: client,
      expect: /hello from internet/,
    },
  );
  await show(
    'a node that is offline is named, at once',
    ['curl', '-sS', `http://offline${http}/`],
    {
      env: client,
      expect: /offline\.tail\.test is offline/,
    },
  );
  // A line is written once its client's process is known, a moment after the client was answered.
  const readLog = (): string[] =>
    readFileSync(`${folder}/run/access.log`, 'utf8').trim().split('\n');
  await waitFor(() => readLog().some((line) => line.includes('"host":"offline"')));
  await show('the access log', spacetail('logs'), { env: base, expect: /offline/ });
  await show('spacetail down', spacetail('down'), { env: base, expect: /down/ });
  await tailnet.untilListed((nodes) => nodes.every((node) => node.name !== 'demo-run'));
  const log = readLogLines(readLog().join('\n'));
  say(`the node has left the tailnet; ${log.length} requests were made, one log line each:`);
  for (const line of log) {
    console.log(indent(oneRequest(line as Record<string, string | number | null>)));
  }
} finally {
  await run(process.execPath, [bundle, 'down'], {
    env: { SPACETAIL_RUNTIME_DIR: `${folder}/run` },
  });
  await tailnet.stop();
  rmSync(folder, { recursive: true, force: true });
}
say(
  failed === 0 ? 'the demo is over: everything worked' : `the demo is over: ${failed} steps FAILED`,
);
process.exitCode = failed === 0 ? 0 : 1;
