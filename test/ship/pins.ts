/** Every `uses:` of a file with what it is pinned to. */
export function pins(text: string): { action: string; ref: string; comment: string }[] {
  return [...text.matchAll(/^\s*(?:- )?uses: ([^@\s]+)@(\S+)(?: # (.*))?$/gm)].map((match) => ({
    action: match[1] ?? '',
    ref: match[2] ?? '',
    comment: match[3] ?? '',
  }));
}
