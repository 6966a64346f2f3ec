// Numbers that no honest member reaches.

/** 2^48: no honest member gets there. Larger numbers from outside are refused, so that arithmetic on ours stays exact. */
export const MAX_NUMBER = 0x1000000000000;

/**
 * 2^40: how far a term may be ahead of a member's own. Who stands waits for an election timeout before he stands again, so even
 * 64 voters with timeouts of 100 ms would need half a century of nothing but elections, all missed by this member. A damaged
 * or mistaken number is further off, and a group that followed it would be left with no terms to elect a leader in.
 */
export const MAX_TERM_LEAP = 0x10000000000;
