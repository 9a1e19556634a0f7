import type {
  Listeners,
  ListenAddress,
  NodeSummary,
  ProgressEvent,
} from '../lifecycle/join/progress.ts';
import { describeCredential } from '../lifecycle/credentials/credentials.ts';
import type { RunPlan } from '../serve.ts';
import type { CommandIo } from './io.ts';

export function formatListen({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function listenersText({ http, socks5 }: Listeners): string {
  return `HTTP ${formatListen(http)}${socks5 === undefined ? '' : `, SOCKS5 ${formatListen(socks5)}`}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

type Ready = Extract<ProgressEvent, { kind: 'ready' }>;

/** As whom, and with which kind of credential. */
export function joiningLines({ config, credentials }: RunPlan): string {
  const lines = config.tailnets.map(({ name, tailnet }, at) => {
    const credential = credentials[at];
    const kind = credential === undefined ? 'nothing' : describeCredential(credential);
    return `spacetail: joining ${name === '' ? '' : `${name} `}as ${tailnet.hostname} with ${kind}\n`;
  });
  return lines.join('');
}

/** The one line that says what `up` has made. */
export function summaryLine({ node, listeners, elapsedMs, tailnets }: Ready): string {
  const nodes = tailnets?.map((one) => `${nodeText(one.node)} in ${one.name}`) ?? [nodeText(node)];
  return `up as ${nodes.join(', ')}, ${listenersText(listeners)}, in ${seconds(elapsedMs)}`;
}

function nodeText({ name, addresses, peers }: NodeSummary): string {
  return `${name} (${addresses.join(', ')}), ${peers} ${peers === 1 ? 'peer' : 'peers'}`;
}

/** Prints the progress of `up` on stderr: steps under TRACE, notices and warnings always. */
export function progressPrinter(io: CommandIo, isTraced: boolean): (event: ProgressEvent) => void {
  const say = (text: string): unknown => io.stderr.write(`spacetail: ${text}\n`);
  return (event) => {
    if (event.kind === 'notice') say(event.text);
    else if (event.kind === 'step' && isTraced)
      say(
        `${event.tailnet === undefined ? '' : `${event.tailnet}: `}${event.step} (${event.elapsedMs} ms)`,
      );
    else if (event.kind === 'part' && isTraced) say(`- ${event.part} (${event.elapsedMs} ms)`);
    else if (event.kind === 'listening' && isTraced)
      say(`listening: ${listenersText(event.listeners)}`);
    else if (event.kind === 'ready') {
      for (const warning of event.node.warnings) say(`warning: ${warning}`);
    }
  };
}
