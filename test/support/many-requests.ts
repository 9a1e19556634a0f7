import { Agent, request } from 'node:http';

export interface ManyRequests {
  readonly proxyPort: number;
  readonly url: string;
  readonly count: number;
  /** At a time; 50 by default. */
  readonly concurrency?: number;
  /** Each answer as it comes. */
  readonly onAnswer?: (status: number) => void;
}

/**
 * Sends so many GETs through a proxy over connections that are kept.
 *
 * @returns how often each status came; 0 stands for a connection that broke
 */
export async function manyRequests(options: ManyRequests): Promise<Record<number, number>> {
  const { proxyPort, url, count, concurrency = 50, onAnswer = () => {} } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const statuses: Record<number, number> = {};
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const status = await one(agent, proxyPort, url);
      statuses[status] = (statuses[status] ?? 0) + 1;
      onAnswer(status);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  agent.destroy();
  return statuses;
}

function one(agent: Agent, port: number, url: string): Promise<number> {
  return new Promise((resolve) => {
    const headers = { host: new URL(url).host };
    request({ host: '127.0.0.1', port, path: url, agent, headers }, (response) => {
      response
        .resume()
        .on('close', () => resolve(response.complete ? (response.statusCode ?? 0) : 0));
    })
      .on('error', () => resolve(0))
      .end();
  });
}
