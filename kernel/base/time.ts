// Time is a number of microseconds. `at` (monotonic, never decreasing in journal order) drives every wait;
// `wall` is data for people and is never trusted for safety. Numbers stay exact for 285 years.

export type Micros = number;

export const MS: Micros = 1_000;
export const SECOND: Micros = 1_000_000;
export const MINUTE: Micros = 60 * SECOND;

/** No deadline: later than every time a run can reach, and still a safe integer. */
export const NEVER: Micros = Number.MAX_SAFE_INTEGER;
