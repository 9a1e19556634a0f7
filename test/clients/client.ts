import type { HasTeardown } from '../support/tmp-folder.ts';
import type { TailnetFacts } from '../tailnet/facts.ts';
import type { PartName, Parts } from './parts.ts';

/** One program of the matrix. */
export interface Client {
  readonly name: string;
  /** What to set, for docs/clients.md; Markdown, one line. */
  readonly setting: string;
  /** What it is made from: built or fetched while there is a network. */
  readonly parts?: readonly PartName[];
  /** Takes long to build or to start: only `make clients` runs it. */
  readonly isSlow?: true;
  /** A command that prints the version, or the version itself. */
  readonly version:
    | readonly [string, ...string[]]
    | ((parts: Parts) => readonly [string, ...string[]]);
  /** Starts what the program talks to, on the node `web`. */
  prepare(stage: Stage): Promise<readonly Trial[]>;
}

/** One command of a client. */
export interface Trial {
  readonly title: string;
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** In what it prints, on either stream. */
  readonly expect: RegExp;
  /** What is wrong on the server's side after it was run through the bridge; nothing: an empty list. */
  readonly faults?: () => readonly string[];
  /** What it says when the bridge is stopped; by default any word for a connection that was refused. */
  readonly withoutBridge?: RegExp;
}

/** Where a client plays. Everything that is started here ends with it. */
export interface Stage extends HasTeardown {
  readonly facts: TailnetFacts;
  readonly parts: Parts;
  /** The node's MagicDNS name. */
  readonly host: string;
  /** For files that belong to the whole row. */
  readonly folder: string;
  /** `http://NAME:PORT` and `https://NAME:PORT` of the origin, through doors. */
  readonly http: string;
  readonly https: string;
  /** Makes a port of 127.0.0.1 reachable on the node and watches who comes; returns the node's port. */
  open(servicePort: number): Promise<number>;
}
