/** What a check of `spacetail doctor` finds: one line, and what to do about it. */
export interface Finding {
  /** A `warning` may be meant; only a `failure` makes `doctor` exit 1. */
  readonly level: 'ok' | 'warning' | 'failure';
  /** What was looked at, e.g. `tailscaled`. */
  readonly name: string;
  readonly text: string;
  /** What to do about it; '' for `ok`. */
  readonly hint: string;
}

export function ok(name: string, text: string): Finding {
  return { level: 'ok', name, text, hint: '' };
}

export function warning(name: string, text: string, hint: string): Finding {
  return { level: 'warning', name, text, hint };
}

export function failure(name: string, text: string, hint: string): Finding {
  return { level: 'failure', name, text, hint };
}
