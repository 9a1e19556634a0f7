/** The published JSON Schema, applied. */
import { Ajv } from 'ajv';
import type { ErrorObject } from 'ajv';
import schema from '../../../schema/policy.schema.json' with { type: 'json' };
import { SpacetailError } from '../../errors.ts';
import type { PolicyMode } from '../core/request-record.ts';
import type { Path } from './yaml-lines.ts';

export type RuleDocument = string | { rule: string; exe?: string; provider?: string };

/** A document that the schema accepts. */
export interface PolicyDocument {
  mode?: PolicyMode;
  metadata?: 'allow' | 'deny';
  allow?: RuleDocument[];
  deny?: RuleDocument[];
  allowLocal?: RuleDocument[];
  oidc?: { issuer: string; audience: string };
  roles?: {
    name: string;
    match: Record<string, string | string[]>;
    allow?: RuleDocument[];
    allowLocal?: RuleDocument[];
  }[];
}

// The file is small and read once: every defect at once is worth more than the first one fast.
const validate = new Ajv({ allErrors: true, verbose: true }).compile<PolicyDocument>(schema);

/**
 * @param place - where a value stands, e.g. `policy.yaml:14`
 * @throws SpacetailError `config_invalid`, a line for each defect
 */
export function checkPolicyDocument(value: unknown, place: (path: Path) => string): PolicyDocument {
  // An empty file, or one of comments only, is an empty policy.
  const document = value ?? {};
  if (validate(document)) return document;
  const defects = mostExact(validate.errors ?? []).map(
    (error) => `${place(pathOf(error, document))}: ${sentenceOf(error)}`,
  );
  throw new SpacetailError('config_invalid', [...new Set(defects)].join('\n'), {
    hint: 'SPACETAIL_POLICY is a JSON or YAML file after schema/policy.schema.json.',
  });
}

/** Of a choice that failed and its branches that failed, the branches say more. */
function mostExact(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const exact = errors.filter((error) => error.keyword !== 'anyOf' && error.keyword !== 'if');
  return exact.length === 0 ? errors : exact;
}

/** From a JSON Pointer (RFC 6901) to keys and indexes; of a key too many, the key itself. */
function pathOf(error: ErrorObject, document: object): Path {
  const tokens = error.instancePath.split('/').slice(1);
  const keys = tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (error.keyword === 'additionalProperties')
    keys.push(String(error.params['additionalProperty']));
  let current: unknown = document;
  return keys.map((key) => {
    const isIndex = Array.isArray(current);
    current = (current as Record<string, unknown> | undefined)?.[key];
    return isIndex ? Number(key) : key;
  });
}

function sentenceOf(error: ErrorObject): string {
  const { keyword, params, message = 'is not accepted' } = error;
  const subject =
    error.instancePath === '' ? 'the policy' : error.instancePath.slice(1).replaceAll('/', '.');
  if (keyword === 'additionalProperties') {
    return `${subject} has an unknown key ${JSON.stringify(params['additionalProperty'])}`;
  }
  if (keyword === 'enum') {
    return `${subject} is ${JSON.stringify(error.data)}; accepted: ${params['allowedValues'].join(', ')}`;
  }
  if (keyword === 'const')
    return `${subject} is ${JSON.stringify(error.data)}; accepted: ${params['allowedValue']}`;
  return `${subject} ${message}`;
}
