/**
 * The one error class and the catalogue of every error spacetail reports.
 *
 * `code` is stable: scripts may match it. docs/errors.md is generated from this catalogue.
 */

interface CatalogueEntry {
  /** Exit code of the command that fails with it (interface: 1 failed, 2 bad configuration, 124 timed out). */
  readonly exitCode: 1 | 2 | 124;
  /** One sentence for docs/errors.md. */
  readonly meaning: string;
  /** What a person should do about it; an error may carry a more exact hint of its own. */
  readonly hint: string;
}

export const catalogue = {
  config_invalid: {
    exitCode: 2,
    meaning: 'A flag, an environment variable or a rule is malformed.',
    hint: 'Correct the value named in the message.',
  },
  credentials_missing: {
    exitCode: 2,
    meaning: 'No way to join the tailnet was configured.',
    hint: 'Set TS_AUTHKEY, or TS_OAUTH_CLIENT_ID and TS_OAUTH_CLIENT_SECRET, or TS_CLIENT_ID with an ID token.',
  },
  credentials_incomplete: {
    exitCode: 2,
    meaning: 'Half of a pair of credentials is missing.',
    hint: 'Set both the client id and its secret, or neither.',
  },
  binary_missing: {
    exitCode: 1,
    meaning: 'tailscale or tailscaled cannot be started.',
    hint: 'Install Tailscale in the image, or set SPACETAIL_TAILSCALE and SPACETAIL_TAILSCALED.',
  },
  runtime_folder_unsafe: {
    exitCode: 1,
    meaning: 'The runtime folder is a link, belongs to someone else or can be entered by others.',
    hint: 'Remove it, or set SPACETAIL_RUNTIME_DIR to a folder that only this user can enter.',
  },
  runtime_folder_unusable: {
    exitCode: 1,
    meaning:
      'The runtime folder cannot be made or written: its disk is full, read-only, or not ours to write to.',
    hint: 'Set SPACETAIL_RUNTIME_DIR to a folder on a disk that has space and can be written, e.g. on a tmpfs.',
  },
  listen_failed: {
    exitCode: 1,
    meaning: 'A listener of the bridge could not be bound.',
    hint: 'Another process holds the port: stop it, or set SPACETAIL_HTTP_LISTEN or SPACETAIL_SOCKS5_LISTEN.',
  },
  tailscaled_failed: {
    exitCode: 1,
    meaning: 'tailscaled ended or never answered on its socket.',
    hint: 'Its last lines are quoted in the message; the whole log is tailscaled.log in the runtime folder.',
  },
  login_failed: {
    exitCode: 1,
    meaning: '`tailscale up` was refused.',
    hint: 'Check that the key is valid, not used up and allowed to use the tags.',
  },
  needs_login: {
    exitCode: 1,
    meaning: 'The control server asks for an interactive login.',
    hint: 'The key is invalid, expired or was used before: make a new one, reusable or one for each run.',
  },
  needs_machine_auth: {
    exitCode: 1,
    meaning: 'The node waits for an administrator to approve it.',
    hint: 'Use a pre-approved key, or approve the device in the admin console.',
  },
  logs_required: {
    exitCode: 1,
    meaning:
      'The tailnet demands logs of its nodes (flow logs), and TS_TAILSCALED_EXTRA_ARGS forbids them.',
    hint: 'Take --no-logs-no-support out of TS_TAILSCALED_EXTRA_ARGS.',
  },
  tailnet_locked: {
    exitCode: 1,
    meaning: 'Tailnet lock is on and this node is not signed.',
    hint: 'Use an auth key signed with `tailscale lock sign`.',
  },
  up_timeout: {
    exitCode: 124,
    meaning: '`up` was not ready within SPACETAIL_UP_TIMEOUT.',
    hint: 'Run `spacetail doctor`; raise SPACETAIL_UP_TIMEOUT where the control server is slow.',
  },
  up_interrupted: {
    exitCode: 1,
    meaning: '`up` was ended by `down` or by a signal before it was ready.',
    hint: 'Run `spacetail up` again.',
  },
  not_up: {
    exitCode: 1,
    meaning: 'The command needs a running supervisor and there is none.',
    hint: 'Run `spacetail up` first.',
  },
  oauth_rejected: {
    exitCode: 1,
    meaning: 'The API refused the OAuth client or the identity token.',
    hint: 'Check client id and secret, and that the client has the auth_keys scope.',
  },
  key_rejected: {
    exitCode: 1,
    meaning: 'The API refused to mint an auth key.',
    hint: 'Set TS_OAUTH_TAGS to all the tags of the OAuth client, or to a tag that one of them owns (tagOwners in the policy file).',
  },
  api_unreachable: {
    exitCode: 1,
    meaning: 'The API did not answer within the `up` timeout.',
    hint: 'Check that the container reaches TS_API_BASE_URL, and SPACETAIL_UPSTREAM_PROXY if it needs a proxy.',
  },
  resolver_is_tailscale: {
    exitCode: 1,
    meaning:
      'resolv.conf names 100.100.100.100 alone, and that gave no address: only a tailscaled with a network device answers there.',
    hint: "Give the container a resolver of its own (`--dns`, dnsConfig), or mount another /etc/resolv.conf: it has the host's, whose Tailscale it cannot reach.",
  },
  local_api_failed: {
    exitCode: 1,
    meaning: "tailscaled's LocalAPI refused a call or answered with something unreadable.",
    hint: 'Check the version of tailscaled: 1.76 is the oldest supported.',
  },
  status_unreadable: {
    exitCode: 1,
    meaning: '`tailscale status --json` printed something that is not a status document.',
    hint: 'Check the version of tailscale: 1.76 is the oldest supported.',
  },
  control_failed: {
    exitCode: 1,
    meaning: 'The supervisor did not answer on its control socket.',
    hint: 'Look at spacetail.log in the runtime folder; `spacetail down` then `spacetail up` starts anew.',
  },
  internal: {
    exitCode: 1,
    meaning: 'A defect of spacetail.',
    hint: 'Please report it with spacetail.log.',
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;

/** Every failure that ends a command. Expected outcomes of a request are unions, never this. */
export class SpacetailError extends Error {
  override readonly name = 'SpacetailError';
  readonly code: ErrorCode;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(
      visible(withoutKeys(message)),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.hint = options.hint ?? catalogue[code].hint;
  }

  get exitCode(): 1 | 2 | 124 {
    return catalogue[this.code].exitCode;
  }
}

/** Whatever has the form of a key of a control server is one, wherever it was put by mistake. */
export function withoutKeys(text: string): string {
  return text.replaceAll(/\b[th]skey-[a-z]+-[A-Za-z0-9_]{4,}(?:-[A-Za-z0-9_]+)*/g, '[redacted]');
}

/** A message may quote what a file, a variable or a program said: no terminal shall obey that. */
function visible(message: string): string {
  return message.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === '\n' || character === '\t') return character;
    return String.raw`\u` + (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0');
  });
}

/** The message of anything that was thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
