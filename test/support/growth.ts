/** How the work of a parser grows with its input, told without any absolute time. */
const ROUNDS = 5;
/** Of one round: shorter ones say more of the clock than of the work. */
const ROUND_MS = 0.5;
const LENGTH = 2500;
const TIMES = 4;

/**
 * How many times longer the work takes on an input four times as long: 4 where it is linear, 16 where it is
 * quadratic. By the least of some rounds, since others use the machine too.
 *
 * @param inputOf - makes an input of this many characters
 */
export function growthOf(
  work: (input: string) => unknown,
  inputOf: (length: number) => string,
): number {
  const [short, long] = [inputOf(LENGTH), inputOf(TIMES * LENGTH)];
  leastMs(work, short);
  return leastMs(work, long) / leastMs(work, short);
}

function leastMs(work: (input: string) => unknown, input: string): number {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = performance.now();
    let calls = 0;
    let ms = 0;
    while (ms < ROUND_MS) {
      work(input);
      calls += 1;
      ms = performance.now() - startedMs;
    }
    least = Math.min(least, ms / calls);
  }
  return least;
}
