import { type ErrorCode, SpacetailError } from '../../errors.ts';
import { certificateHint } from './control-server.ts';
import { quoteLines } from '../tailscaled/tailscaled.ts';

interface Sentence {
  readonly when: RegExp;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

/** What `tailscale up` prints (cmd/tailscale/cli/up.go) and control servers answer, in our words. */
const sentences: readonly Sentence[] = [
  {
    when: /requires logging to be enabled/,
    code: 'logs_required',
    message:
      'the tailnet demands logs of its nodes, and tailscaled was started with --no-logs-no-support',
  },
  {
    when: /x509:|certificate (?:has expired|is not|signed by|verify)/,
    code: 'login_failed',
    message: 'the certificate of the control server is not accepted',
    hint: certificateHint,
  },
  {
    when: /timeout waiting for Tailscale/i,
    code: 'up_timeout',
    message: 'the node was not running within the --timeout of `tailscale up`',
  },
  {
    when: /To authenticate, visit/,
    code: 'needs_login',
    message: 'the control server asks for an interactive login: the key was not accepted',
  },
  {
    when: /To approve your machine, visit/,
    code: 'needs_machine_auth',
    message: 'the node waits for an administrator to approve it',
  },
  {
    when: /tailnet lock|locked out|not signed/i,
    code: 'tailnet_locked',
    message: 'tailnet lock is on and this node is not signed',
  },
  {
    when: /requested tags .*(?:invalid|not permitted)/i,
    code: 'login_failed',
    message: 'the key may not use a tag that was asked for',
    hint: 'Make the tag its own or the key owner its owner (tagOwners in the policy file), or change --advertise-tags in TS_EXTRA_ARGS.',
  },
  {
    when: /expired|already (?:been )?used|used up/i,
    code: 'login_failed',
    message: 'the key has expired or was used before',
    hint: 'Make a new key in the admin console under Settings, Keys: reusable, or one for each run.',
  },
  {
    when: /invalid (?:pre ?auth )?key|failed to parse auth-?key|key .*(?:does not exist|not found|not valid)/i,
    code: 'login_failed',
    message: 'the key is not valid',
    hint: 'Copy the whole key again, or make a new one in the admin console under Settings, Keys.',
  },
];

/** The sentence for what `tailscale up` said; undefined when it says nothing that is known. */
export function explainLogin(lines: readonly string[]): SpacetailError | undefined {
  const text = lines.join('\n');
  const found = sentences.find((sentence) => sentence.when.test(text));
  if (found === undefined) return undefined;
  return new SpacetailError(
    found.code,
    `${found.message}; ${quoteLines(lines)}`,
    found.hint === undefined ? {} : { hint: found.hint },
  );
}
