/** The command behind `[--]` on a program's command line. Without one: usage, exit 2. */
export function commandOf(program: string): [string, ...string[]] {
  const [file, ...args] = process.argv.slice(process.argv[2] === '--' ? 3 : 2);
  if (file === undefined) {
    process.stderr.write(`usage: node test/tailnet/${program}.ts [--] CMD…\n`);
    return process.exit(2);
  }
  return [file, ...args];
}

/** Ends the process with the code that `main` returns, or with 1 and its error in one line. */
export async function exitWith(program: string, main: () => Promise<number>): Promise<never> {
  let code = 1;
  try {
    code = await main();
  } catch (error) {
    process.stderr.write(`${program}: ${(error as Error).message}\n`);
  }
  process.exit(code);
}
