/** What a policy file may hold. schema/policy.schema.json is generated from here. */
import * as v from 'valibot';
import { SpacetailError } from '../../errors.ts';
import type { Path } from './yaml-lines.ts';

const text = v.pipe(v.string(), v.minLength(1, 'must not be empty'));

export const rule = v.pipe(
  text,
  v.description(
    '[direct:|tailnet:]HOST[:PORT|:A-B|:*]; HOST is a name, *.suffix, ** (all), an IP, [IPv6], a CIDR, tag:x or peer:short-name.',
  ),
);

export const ruleForClient = v.pipe(
  v.strictObject({
    rule,
    exe: v.exactOptional(
      v.pipe(
        text,
        v.description('Path of the executable, or its file name; * stands for any characters.'),
      ),
    ),
    provider: v.exactOptional(
      v.pipe(text, v.description('e.g. terraform-provider-nomad_*; * stands for any characters.')),
    ),
  }),
  v.check(
    ({ exe, provider }) => exe !== undefined || provider !== undefined,
    'needs "exe" or "provider"; a rule for everybody is a text',
  ),
  v.description(
    'A rule that holds for some programs only. A program that cannot be found out is not allowed by it, and is denied by it.',
  ),
);

export const rules = v.array(v.union([rule, ruleForClient]));

export const patterns = v.union([text, v.pipe(v.array(text), v.minLength(1, 'must not be empty'))]);

export const role = v.strictObject({
  name: text,
  match: v.pipe(
    v.strictObject({
      space: v.exactOptional(patterns),
      stack: v.exactOptional(patterns),
      runType: v.exactOptional(patterns),
      scope: v.exactOptional(
        v.pipe(
          v.picklist(['read', 'write']),
          v.description('A plan has read, an apply has write.'),
        ),
      ),
    }),
    v.minEntries(1, 'must not be empty: it would match everybody'),
    v.description('Each field that is given must match the claim; * stands for any characters.'),
  ),
  allow: v.exactOptional(rules),
  allowLocal: v.exactOptional(rules),
});

const oidc = v.pipe(
  v.strictObject({
    issuer: v.pipe(
      v.string(),
      v.regex(
        /^https:\/\/[^\s/?#]+(\/[^\s?#]*)?$|^http:\/\/127\.0\.0\.1(:\d+)?$/,
        'must be an https URL without query',
      ),
      v.description('e.g. https://ACCOUNT.app.spacelift.io'),
    ),
    audience: v.pipe(text, v.description('e.g. ACCOUNT.app.spacelift.io')),
  }),
  v.description('Whose identity tokens roles believe. Never taken from the token itself.'),
);

export const policyDocument = v.pipe(
  v.strictObject({
    $schema: v.exactOptional(v.string()),
    version: v.exactOptional(v.pipe(v.literal(1), v.description('Version of this format.'))),
    mode: v.exactOptional(
      v.pipe(
        v.picklist(['enforce', 'report', 'learn']),
        v.description(
          'enforce answers 403; report lets through and logs would_deny; learn lets through and prints the rules that cover the run. SPACETAIL_POLICY_MODE wins.',
        ),
      ),
    ),
    metadata: v.exactOptional(
      v.pipe(
        v.picklist(['allow', 'deny']),
        v.description(
          'Whether the cloud credential endpoints may be asked while there is no allow list. SPACETAIL_METADATA wins.',
        ),
      ),
    ),
    allow: v.exactOptional(
      v.pipe(
        rules,
        v.description('What may be talked to; a list with anything in it denies the rest.'),
      ),
    ),
    deny: v.exactOptional(
      v.pipe(rules, v.description('What may not; wins over every allow rule.')),
    ),
    allowLocal: v.exactOptional(
      v.pipe(
        rules,
        v.description(
          'Loopback, link-local and metadata addresses that may be talked to; no effect on the rest.',
        ),
      ),
    ),
    oidc: v.exactOptional(oidc),
    roles: v.exactOptional(
      v.pipe(
        v.array(role),
        v.description(
          'Further rules for runs whose verified token matches. Roles only grant: a run whose token cannot be verified matches none. One that grants anything makes an allow list of the whole.',
        ),
      ),
    ),
  }),
  v.check(
    (policy) => policy.roles === undefined || policy.oidc !== undefined,
    'has roles and needs oidc, which says whose tokens they believe',
  ),
);

export type PolicyDocument = v.InferOutput<typeof policyDocument>;
export type RuleDocument = NonNullable<PolicyDocument['allow']>[number];

/**
 * @param place - where a value stands, e.g. `policy.yaml:14`
 * @throws SpacetailError `config_invalid`, a line for each defect
 */
export function checkPolicyDocument(value: unknown, place: (path: Path) => string): PolicyDocument {
  // An empty file, or one of comments only, is an empty policy.
  const checked = v.safeParse(policyDocument, value ?? {});
  if (checked.success) return checked.output;
  const defects = checked.issues
    .flatMap((issue) => exactIssues(issue, []))
    .map(({ issue, path }) => `${place(path)}: ${sentenceOf(issue, path)}`);
  throw new SpacetailError('config_invalid', [...new Set(defects)].join('\n'), {
    hint: 'SPACETAIL_POLICY is a JSON or YAML file after schema/policy.schema.json.',
  });
}

type Issue = v.BaseIssue<unknown>;

interface Placed {
  readonly issue: Issue;
  readonly path: Path;
}

/** Of a choice that failed and its branches that failed, the branch of the value's own type says more. */
function exactIssues(issue: Issue, above: Path): Placed[] {
  const path = [...above, ...(issue.path ?? []).map(({ key }) => key as string | number)];
  if (issue.type !== 'union') return [{ issue, path }];
  const within = (issue.issues ?? []).filter(
    (each) => each.input !== issue.input || each.kind !== 'schema',
  );
  return within.length === 0
    ? [{ issue, path }]
    : within.flatMap((each) => exactIssues(each, path));
}

function sentenceOf(issue: Issue, path: Path): string {
  const { type, kind, expected, received } = issue;
  if (type === 'strict_object' && expected === 'never')
    return `${subjectOf(path.slice(0, -1))} has an unknown key ${JSON.stringify(path.at(-1))}`;
  if (type === 'strict_object' && path.length > 0 && received === 'undefined')
    return `${subjectOf(path.slice(0, -1))} has no ${JSON.stringify(path.at(-1))}`;
  const subject = subjectOf(path);
  if (kind === 'validation') return `${subject} ${issue.message}`;
  if (type === 'picklist' || type === 'literal')
    return `${subject} is ${JSON.stringify(issue.input)}; accepted: ${(expected ?? '').replaceAll(/[()"]/g, '').replaceAll(' | ', ', ')}`;
  const accepted = type === 'union' ? 'a text or an object' : (words[type] ?? `${expected}`);
  return `${subject} must be ${accepted}`;
}

const words: Readonly<Record<string, string>> = {
  string: 'a text',
  array: 'a list',
  strict_object: 'an object',
};

function subjectOf(path: Path): string {
  return path.length === 0 ? 'the policy' : path.join('.');
}
