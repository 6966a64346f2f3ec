// What must hold in every state of the small world. Judged by what members hold and what left them, never by what they say of
// themselves or by assertions of theirs; each claim counts the states in which there was something to judge.

export interface Claim {
  readonly id: string;
  readonly claim: string;
}

export const CLAIMS: readonly Claim[] = [
  { id: 'election-safety', claim: 'At most one member ever leads in a term' },
  { id: 'log-matching', claim: 'Logs with an entry of the same index and term are equal up to there' },
  { id: 'state-machine-safety', claim: 'Whatever two members have committed at an index is the same' },
  { id: 'leader-completeness', claim: 'Whoever leads holds everything that was committed in earlier terms' },
  { id: 'single-decide', claim: 'The register has one winner: the first proposal that was committed, at every member and in every answer' },
  { id: 'kept-by-majority', claim: 'Whatever is committed is in the logs of a majority, from then on' },
  { id: 'one-vote', claim: 'A member votes for one candidate in a term, and in no term before one it has voted in' },
  { id: 'nothing-back', claim: 'Term and commit index never go back, and what is committed at a member never changes' },
  { id: 'fresh-reads', claim: 'A read sees every decision that a client was told before it was asked' },
  { id: 'assertions', claim: "No assertion of the kernel's own fails" },
];

/** What the claims look at in one member. Indices of lists are those of the log. */
export interface Sight {
  readonly node: number;
  readonly term: number;
  readonly leads: boolean;
  /** It is a candidate of its term. */
  readonly stands: boolean;
  /** A bit for each term in which it ever led. */
  readonly led: number;
  readonly terms: readonly number[];
  /** What the log holds up to an index, as one word. */
  readonly prefixes: readonly number[];
  readonly commit: number;
  /** The term it was in when it learned that an index is committed. */
  readonly learnt: readonly number[];
  /** The number of the proposal that its register holds; 0: none. */
  readonly winner: number;
}

export interface Violation {
  readonly claim: string;
  readonly text: string;
}

/** What two members together show: which of the first five claims there was something to judge of, a bit each; or what is wrong. */
export function judgePair(a: Sight, b: Sight): number | Violation {
  let judged = 0;
  if (a.led !== 0 && b.led !== 0) {
    judged |= 1;
    const both = a.led & b.led;
    if (both !== 0) return { claim: 'election-safety', text: `node ${a.node} and node ${b.node} both led in term ${31 - Math.clz32(both)}` };
  }
  const last = Math.min(a.prefixes.length, b.prefixes.length) - 1;
  for (let index = last; index > 1; index--) {
    judged |= 2;
    if (a.terms[index] === b.terms[index] && a.prefixes[index] !== b.prefixes[index]) return { claim: 'log-matching', text: `node ${a.node} and node ${b.node} hold an entry of term ${a.terms[index]} at ${index}, and their logs differ up to there` };
  }
  const committed = Math.min(a.commit, b.commit);
  if (committed > 1) judged |= 4;
  if (a.prefixes[committed] !== b.prefixes[committed]) return { claim: 'state-machine-safety', text: `node ${a.node} and node ${b.node} have committed different entries up to ${committed}` };
  for (const [leader, other] of [[a, b], [b, a]] as const) {
    if (!leader.leads) continue;
    for (let index = other.commit; index > 1; index--) {
      if ((other.learnt[index] as number) >= leader.term) continue;
      judged |= 8;
      if (leader.prefixes[index] !== other.prefixes[index]) return { claim: 'leader-completeness', text: `node ${leader.node} leads in term ${leader.term} without what node ${other.node} had committed up to ${index} in term ${other.learnt[index]}` };
      break;
    }
  }
  if (a.winner !== 0 && b.winner !== 0) {
    judged |= 16;
    if (a.winner !== b.winner) return { claim: 'single-decide', text: `the register of node ${a.node} holds proposal ${a.winner}, that of node ${b.node} proposal ${b.winner}` };
  }
  return judged;
}

/** Is what one member has committed in the logs of a majority? */
export function isKept(one: Sight, all: readonly Sight[]): boolean {
  let holding = 0;
  for (const other of all) if (other.prefixes[one.commit] === one.prefixes[one.commit]) holding++;
  return holding * 2 > all.length;
}
