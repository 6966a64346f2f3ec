// How large is a small world that was not searched to its end? The levels of a breadth-first search look like a bell: from one
// level to the next their growth falls, about evenly on a logarithmic scale. So the growth of the last levels is continued.

/** Levels that the line goes through. */
const WINDOW = 8;
const MOST_LEVELS = 400;

/** States of all levels; undefined where the levels that are known do not say. */
export function estimateStates(levels: readonly number[]): number | undefined {
  const known = levels.filter((states) => states > 0);
  if (known.length < WINDOW + 1) return undefined;
  const growth = known.slice(-WINDOW).map((states, i) => Math.log(states / (known[known.length - WINDOW + i - 1] as number)));
  const { slope, last } = line(growth);
  // Growth that does not fall has no end that could be seen from here.
  if (slope >= -0.005) return undefined;
  let total = known.reduce((sum, states) => sum + states, 0);
  let level = known[known.length - 1] as number;
  for (let i = 1; i <= MOST_LEVELS && level >= 1; i++) {
    level *= Math.exp(last + slope * i);
    total += level;
  }
  return total;
}

/** Least squares: what the values change by in one step, and where the line stands at the last of them. */
function line(values: readonly number[]): { readonly slope: number; readonly last: number } {
  const n = values.length;
  const middle = (n - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const slope = values.reduce((sum, value, i) => sum + (i - middle) * (value - mean), 0) / values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
  return { slope, last: mean + slope * middle };
}
