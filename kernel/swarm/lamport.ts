// Logical time of the swarm: one more for each thing said, and one more than the latest heard. Somebody who claims to be far
// ahead is refused: else one liar would use up everybody's numbers.

/** How far ahead of its receiver an envelope may be. */
export const MAX_AHEAD: number = 1 << 20;

export const isTooFarAhead = (clock: number, heard: number): boolean => heard > clock + MAX_AHEAD;

/** After something was heard: later than it, and than all before. */
export const afterHearing = (clock: number, heard: number): number => Math.max(clock, heard) + 1;

/** What the next envelope of one's own carries. */
export const tick = (clock: number): number => clock + 1;
