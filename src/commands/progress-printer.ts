import type {
  Listeners,
  ListenAddress,
  NodeSummary,
  ProgressEvent,
} from '../lifecycle/progress.ts';
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

/** The one line that says what `up` has made. */
export function summaryLine(node: NodeSummary, listeners: Listeners, elapsedMs: number): string {
  const peers = `${node.peers} ${node.peers === 1 ? 'peer' : 'peers'}`;
  return `up as ${node.name} (${node.addresses.join(', ')}), ${peers}, ${listenersText(listeners)}, in ${seconds(elapsedMs)}`;
}

/** Prints the progress of `up` on stderr: steps under TRACE, notices and warnings always. */
export function progressPrinter(io: CommandIo, isTraced: boolean): (event: ProgressEvent) => void {
  const say = (text: string): unknown => io.stderr.write(`spacetail: ${text}\n`);
  return (event) => {
    if (event.kind === 'notice') say(event.text);
    else if (event.kind === 'step' && isTraced) say(`${event.step} (${event.elapsedMs} ms)`);
    else if (event.kind === 'part' && isTraced) say(`- ${event.part} (${event.elapsedMs} ms)`);
    else if (event.kind === 'listening' && isTraced)
      say(`listening: ${listenersText(event.listeners)}`);
    else if (event.kind === 'ready') {
      for (const warning of event.node.warnings) say(`warning: ${warning}`);
    }
  };
}
