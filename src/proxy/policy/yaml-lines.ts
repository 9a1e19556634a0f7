/** YAML (and JSON, which it contains) with the line that each value stands on. */
import { isCollection, isScalar, LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { SpacetailError } from '../../errors.ts';

/** Keys and indexes from the document's root to a value. */
export type Path = readonly (string | number)[];

/** The line of a value, or of the nearest value around it; counted from 1. */
export type LineOf = (path: Path) => number;

const limitBytes = 1_048_576;

/** @throws SpacetailError `config_invalid` for what is not one YAML document, or larger than 1 MiB */
export function readYaml(text: string, file: string): { value: unknown; lineOf: LineOf } {
  if (text.length > limitBytes) throw defect(`${file}: larger than 1 MiB`);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'error',
  });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) {
    throw defect(`${file}:${lines.linePos(problem.pos[0]).line}: ${problem.message}`);
  }
  return { value: toValue(document, file), lineOf: (path) => lineAt(document, lines, path) };
}

function toValue(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw defect(`${file}: ${(error as Error).message}`);
  }
}

function lineAt(document: Document, lines: LineCounter, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if ((isScalar(node) || isCollection(node)) && node.range)
      return lines.linePos(node.range[0]).line;
  }
  return 1;
}

function defect(message: string): SpacetailError {
  return new SpacetailError('config_invalid', message, {
    hint: 'SPACETAIL_POLICY is a JSON or YAML file after schema/policy.schema.json.',
  });
}
