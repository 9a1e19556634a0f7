/** `spacetail doctor`: what could keep a run from working, one line each with a hint. */
import { trustCertificateFiles } from '../serve/certificates.ts';
import type { Config } from '../config.ts';
import type { CommandIo } from './io.ts';
import { hasColour, print } from './io.ts';
import { paint } from './paint.ts';
import { askStatus, configOf } from './supervisor.ts';
import { bridgeVariables } from './bridge-variables.ts';
import { checkBinaries } from './doctor/binaries.ts';
import type { Finding } from './doctor/check.ts';
import { failure } from './doctor/check.ts';
import { checkControlServer, loginServerOf } from './doctor/control-server.ts';
import { checkCredentials } from './doctor/credentials.ts';
import { checkDerp } from './doctor/derp.ts';
import { checkLoopback } from './doctor/loopback.ts';
import { checkPorts } from './doctor/ports.ts';
import { checkVariables } from './doctor/variables.ts';
import type { StatusDocument } from '../serve/status.ts';
import { messageOf } from '../errors.ts';

const colours = { ok: 'green', warning: 'yellow', failure: 'red' } as const;

/** @returns 0 when nothing failed; warnings do not count */
export async function run(_: unknown, io: CommandIo): Promise<number> {
  const config = configOf(io);
  trustCertificateFiles(io.env);
  let status: StatusDocument | undefined;
  const supervisor: Finding[] = [];
  try {
    status = await askStatus(config, io.signal);
  } catch (error) {
    io.signal.throwIfAborted();
    supervisor.push(
      failure('supervisor', messageOf(error), '`spacetail down` then `spacetail up` starts anew.'),
    );
  }
  const { bridge, isUp } = await bridgeVariables(config, io);
  // Those that wait for the network, all at once.
  const [binaries, ports, control, derp, loopback] = await Promise.all([
    checkBinaries(config, io.env),
    checkPorts(config, status),
    forEachServer(config, (one) => checkControlServer(one, io.signal)),
    forEachServer(config, async (one) => [await checkDerp(one, status, io.signal)]),
    checkLoopback(config.proxyToken, status?.supervisor.pid),
  ]);
  const findings = [
    ...supervisor,
    ...binaries,
    ...ports,
    ...checkCredentials(config, io.env),
    ...control,
    ...derp,
    ...checkVariables(io.env, bridge, isUp),
    loopback,
  ];
  const colour = hasColour(io.stdout, io.env);
  await print(io.stdout, findings.map((finding) => line(finding, colour)).join(''));
  return findings.some(({ level }) => level === 'failure') ? 1 : 0;
}

/** Each control server once, whichever tailnets are there. */
async function forEachServer(
  config: Config,
  check: (one: Config) => Promise<Finding[]>,
): Promise<Finding[]> {
  const servers = new Map(
    config.tailnets.map(({ tailnet }) => {
      const one = { ...config, tailnet };
      return [loginServerOf(one), one] as const;
    }),
  );
  const findings = await Promise.all([...servers.values()].map(check));
  return findings.flat();
}

function line({ level, name, text, hint }: Finding, colour: boolean): string {
  const advice = hint === '' ? '' : ` - ${hint}`;
  return `${paint(level.padEnd(8), colours[level], colour)}${name.padEnd(16)}${text}${advice}\n`;
}
