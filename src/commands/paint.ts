const codes = { red: 31, green: 32, yellow: 33, cyan: 36, dim: 2, bold: 1 } as const;

/** Text in a colour of the terminal, or as it is. */
export function paint(text: string, colour: keyof typeof codes, isOn: boolean): string {
  return isOn && text !== '' ? `\x1b[${codes[colour]}m${text}\x1b[0m` : text;
}
