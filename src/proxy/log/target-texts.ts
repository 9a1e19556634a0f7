/** What the lines of requests to one host have in common. */
import { LastByHost } from '../../last-by-host.ts';
import { jsonText } from './line-writer.ts';
import type { ClientProcess, RequestRecord } from '../core/request-record.ts';

/** Some four times of what is usual: hosts and methods are the client's text. */
const longestText = 2048;

/** Fields from `proto` to `error` as JSON without the braces, kept for the next request of its kind. */
export class TargetTexts extends LastByHost<RequestRecord, string> {
  constructor() {
    super({ make: targetText, isAlike, isSmall: (_, text) => text.length <= longestText });
  }
}

/** In all that is in the text but the host. */
function isAlike(one: RequestRecord, other: RequestRecord): boolean {
  return (
    one.proto === other.proto &&
    one.method === other.method &&
    one.port === other.port &&
    one.nameSource === other.nameSource &&
    one.ip === other.ip &&
    one.peer === other.peer &&
    one.tailnet === other.tailnet &&
    one.route === other.route &&
    one.policy.decision === other.policy.decision &&
    one.policy.rule === other.policy.rule &&
    one.policy.mode === other.policy.mode &&
    one.status === other.status &&
    one.error === other.error &&
    isSameClient(one.client, other.client)
  );
}

function isSameClient(one: ClientProcess | null, other: ClientProcess | null): boolean {
  if (one === null || other === null) return one === other;
  return one.pid === other.pid && one.exe === other.exe && one.provider === other.provider;
}

/** By hand: a third of what JSON.stringify takes. */
function targetText(record: RequestRecord): string {
  const { policy } = record;
  return (
    `"proto":"${record.proto}","method":${jsonText(record.method)}` +
    `,"host":${jsonText(record.host)},"port":${record.port}` +
    `,"name_source":${jsonText(record.nameSource)},"ip":${jsonText(record.ip)}` +
    `,"peer":${jsonText(record.peer)}${tailnetText(record)},"route":"${record.route}"` +
    `,"policy":{"decision":"${policy.decision}","rule":${jsonText(policy.rule)},"mode":"${policy.mode}"}` +
    `,"client":${clientText(record.client)},"status":${record.status},"error":${jsonText(record.error)}`
  );
}

/** Only where there are several. */
function tailnetText({ tailnet }: RequestRecord): string {
  return tailnet === undefined ? '' : `,"tailnet":${jsonText(tailnet)}`;
}

function clientText(client: ClientProcess | null): string {
  if (client === null) return 'null';
  const { pid, exe, provider } = client;
  return `{"pid":${pid},"exe":${jsonText(exe)},"provider":${jsonText(provider)}}`;
}
