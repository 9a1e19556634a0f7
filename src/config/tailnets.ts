/**
 * SPACETAIL_TAILNETS: which tailnets a run joins, and what of the environment is each one's. A variable with the
 * tailnet's name at its end is that one's; a bare one is every tailnet's, but for secrets.
 */
import { SpacetailError } from '../errors.ts';
import { ownNames, spreadOver } from './tailnet-variables.ts';
import { invalid } from './variables.ts';

export interface TailnetName {
  /** In lower case; '' where the run has one that nobody named. */
  readonly name: string;
  /** A failed join does not fail `up`. */
  readonly isOptional: boolean;
}

type Variables = Readonly<Record<string, string>>;

/** Sockets carry the name, and their paths hold 107 bytes. */
const identifier = /^[a-z][a-z0-9_]{0,23}$/;
const accepted = 'a letter, then letters, digits and underscores, at most 24';

function namesIn(variables: Variables, variable: string): string[] {
  const names = (variables[variable] ?? '')
    .split(/[\s,]+/)
    .filter((name) => name !== '')
    .map((name) => name.toLowerCase());
  for (const [at, name] of names.entries()) {
    if (!identifier.test(name))
      throw invalid([`${variable}: ${JSON.stringify(name)} is not a name; accepted: ${accepted}`]);
    if (names.indexOf(name) !== at)
      throw invalid([`${variable}: ${name} is there twice; accepted: each tailnet once`]);
  }
  return names;
}

/** @throws SpacetailError config_invalid */
export function readTailnetNames(variables: Variables): readonly [TailnetName, ...TailnetName[]] {
  const names = namesIn(variables, 'SPACETAIL_TAILNETS');
  const optional = namesIn(variables, 'SPACETAIL_OPTIONAL_TAILNETS');
  for (const name of optional) {
    if (!names.includes(name))
      throw invalid([
        `SPACETAIL_OPTIONAL_TAILNETS: ${name} is not one of SPACETAIL_TAILNETS; accepted: ${names.join(', ') || 'nothing, there is one tailnet'}`,
      ]);
  }
  const [first, ...others] = names.map((name) => ({ name, isOptional: optional.includes(name) }));
  return first === undefined ? [{ name: '', isOptional: false }] : [first, ...others];
}

/** `TS_AUTHKEY_PARTNER` for `TS_AUTHKEY`. */
export function variableOf(variable: string, name: string): string {
  return name === '' ? variable : `${variable}_${name.toUpperCase()}`;
}

/** The environment as this tailnet alone sees it: its own variables under their bare names. */
export function variablesOf(
  variables: Variables,
  { name }: TailnetName,
  all: readonly TailnetName[],
): Record<string, string> {
  return name === '' ? { ...variables } : spreadOver(variables, name, all.length);
}

export interface Among {
  /** The whole environment, without empty variables. */
  readonly present: Variables;
  readonly all: readonly TailnetName[];
}

/**
 * Says whose variable it is that is missing or malformed, by the name that the user gave or has to give it: the bare
 * one may be there and is not for this tailnet.
 */
export function inTailnet<T>({ name }: TailnetName, among: Among, read: () => T): T {
  if (name === '') return read();
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SpacetailError)) throw error;
    const isSeveral = among.all.length > 1;
    const own = (text: string): string => ownNames(text, name, among.present, isSeveral);
    const isMissing = error.code === 'credentials_missing';
    const hint = isMissing
      ? `Set ${variableOf('TS_AUTHKEY', name)}, or ${variableOf('TS_OAUTH_CLIENT_ID', name)} and ${variableOf('TS_OAUTH_CLIENT_SECRET', name)}`
      : own(error.hint).replace(/\.$/, '');
    const isAboutSecret = isMissing || error.code === 'credentials_incomplete';
    const isNeverShared = isSeveral && isAboutSecret ? neverShared : '.';
    throw new SpacetailError(
      error.code,
      isMissing
        ? `${error.message}: tailnet ${name} needs ${variableOf('TS_AUTHKEY', name)} or an OAuth client of its own`
        : `tailnet ${name}: ${own(error.message)}`,
      { hint: `${hint}${isNeverShared}`, cause: error },
    );
  }
}

const neverShared = ": a secret without a tailnet's name at its end is never shared among several.";
