/** What tailscaled's log says of its way into the tailnet: for a trace of where the time of `up` goes, for nothing else. */
const parts: readonly (readonly [text: string, part: string])[] = [
  ['control: RegisterReq: onode=', 'registration sent'],
  ['control: RegisterReq: got response', 'registered'],
  ['Switching ipn state NeedsLogin -> Starting', 'first netmap'],
  ['magicsock: home is now derp-', 'netcheck done'],
  ['derphttp.Client.Connect: connecting', 'DERP dialled'],
  ['Switching ipn state Starting -> Running', 'running'],
  ['connected; connGen=1', 'DERP connected'],
];

/** The part that a line tells the end of. */
export function loginPartOf(line: string): string | undefined {
  return parts.find(([text]) => line.includes(text))?.[1];
}
