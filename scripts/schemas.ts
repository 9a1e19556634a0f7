/** Writes schema/*.schema.json from the valibot schemas in src; with --check it only tells whether they are up to date. */
import { readFile, writeFile } from 'node:fs/promises';
import { toJsonSchema } from '@valibot/to-json-schema';
import { accessLogLine } from '../src/proxy/log/access-log-schema.ts';
import * as policy from '../src/proxy/policy/policy-schema.ts';
import { root } from './repository.ts';

type JsonSchema = ReturnType<typeof toJsonSchema>;

function policySchema(): JsonSchema {
  const { policyDocument, rules, rule, ruleForClient, role, patterns } = policy;
  const definitions = { rules, rule, ruleForClient, role, patterns };
  // What a check of ours says is said below in JSON Schema.
  const schema = toJsonSchema(policyDocument, { definitions, ignoreActions: ['check'] });
  const { $defs } = schema;
  return {
    title: 'spacetail policy',
    description:
      'What a run may talk to. Its rules add to those of SPACETAIL_ALLOW, SPACETAIL_DENY and SPACETAIL_ALLOW_LOCAL.',
    ...schema,
    dependencies: { roles: ['oidc'] },
    $defs: {
      ...$defs,
      ruleForClient: {
        ...($defs?.['ruleForClient'] as JsonSchema),
        anyOf: [{ required: ['exe'] }, { required: ['provider'] }],
      },
    },
  };
}

const schemas: Record<string, JsonSchema> = {
  'policy.schema.json': policySchema(),
  'access-log.schema.json': {
    title: 'spacetail access log',
    description:
      'A line of access.log whose msg is "request". Lines of TRACE, with another msg, are for people.',
    ...toJsonSchema(accessLogLine),
  },
};

for (const [name, schema] of Object.entries(schemas)) {
  const path = `${root}/schema/${name}`;
  const text = `${JSON.stringify(schema, undefined, 2)}\n`;
  if (!process.argv.includes('--check')) await writeFile(path, text);
  else if ((await readFile(path, 'utf8').catch(() => '')) !== text) {
    console.error(`schema/${name} is not what src says: run node scripts/schemas.ts`);
    process.exitCode = 1;
  }
}
