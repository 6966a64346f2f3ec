// Slips of the hand that no run can notice, and why: looked at by a person, line by line. A line that changes loses its
// explanation, and has to be looked at again.

export interface Survivor {
  readonly file: string;
  /** The whole line, without the white space around it. */
  readonly line: string;
  readonly operator: string;
  readonly why: string;
}

export const SURVIVORS: readonly Survivor[] = [
  {
    file: 'kernel/decide/gateway.ts', operator: 'off-by-one',
    line: 'const call: OpenCall = { request, operation, body, since: ctx.at, number: 0, to: NOBODY, hops: 0, nextTry: ctx.at + this.parameters.retryUs };',
    why: 'the number is given when the call is sent, and nobody looks at it before',
  },
  {
    file: 'kernel/raft/raft.ts', operator: 'off-by-one',
    line: 'private heardAt: Micros = 0;',
    why: 'before anything has happened, one microsecond is as good as none',
  },
  {
    file: 'kernel/raft/raft.ts', operator: 'off-by-one',
    line: 'private quietSince: Micros = 0;',
    why: 'before anything has happened, one microsecond is as good as none',
  },
  {
    file: 'kernel/raft/raft.ts', operator: 'off-by-one',
    line: 'private ownAt: Micros = 0;',
    why: 'before anything has happened, one microsecond is as good as none',
  },
  {
    file: 'kernel/raft/raft.ts', operator: 'off-by-one',
    line: 'private handingUntil: Micros = 0;',
    why: 'before anything has happened, one microsecond is as good as none',
  },
  {
    file: 'kernel/raft/raft.ts', operator: 'off-by-one',
    line: 'private busyAt: Micros = 0;',
    why: 'before anything has happened, one microsecond is as good as none',
  },
  {
    file: 'kernel/raft/raft.ts', operator: 'off-by-one',
    line: 'private timeoutUs: Micros = 0;',
    why: 'it is drawn before anybody waits for it: the first thing that a member hears of is its start',
  },
  {
    file: 'kernel/raft/raft.ts', operator: 'off-by-one',
    line: 'private expireIndex = 0;',
    why: 'no session can be idle before the first entry is applied',
  },
  {
    file: 'kernel/raft/raft.ts', operator: 'dropped',
    line: 'this.handingUntil = 0;',
    why: 'it is looked at while somebody is asked to take over, and set when he is',
  },
  {
    file: 'kernel/raft/raft.ts', operator: 'off-by-one',
    line: 'this.handingUntil = 0;',
    why: 'it is looked at while somebody is asked to take over, and set when he is',
  },
  {
    file: 'kernel/raft/raft.ts', operator: 'dropped',
    line: 'this.ownAt = 0;',
    why: 'a leader sets it when it is elected, and nobody else looks at it',
  },
  {
    file: 'kernel/raft/raft.ts', operator: 'off-by-one',
    line: 'this.ownAt = 0;',
    why: 'a leader sets it when it is elected, and nobody else looks at it',
  },
  {
    file: 'io/loop.ts', operator: 'off-by-one',
    line: 'private offset: Micros = 0;',
    why: 'it is set before the first event is stamped',
  },
  {
    file: 'kernel/decide/gateway.ts', operator: 'off-by-one',
    line: 'private nextToken = 1;',
    why: 'a token is only compared with itself',
  },
  {
    file: 'kernel/decide/orders.ts', operator: 'off-by-one',
    line: 'private nextToken = 1;',
    why: 'a token is only compared with itself',
  },
  {
    file: 'kernel/decide/gateway.ts', operator: 'off-by-one',
    line: 'lane.guesses = 0;',
    why: 'whom it asks next when the leader says nothing is a guess in any order',
  },
  {
    file: 'kernel/decide/gateway.ts', operator: 'off-by-one',
    line: 'const TOKENS_PER_INCARNATION = 1 << 16;',
    why: 'more tokens than that for one life keep the lives apart as well',
  },
  {
    file: 'kernel/raft/raft.ts', operator: 'comparison',
    line: 'if (this.standings.latest.index > 0) this.announceConfiguration(ctx);',
    why: 'says the founding configuration once more, which everybody knows',
  },
  {
    file: 'io/loop.ts', operator: 'dropped',
    line: 'this.stopped = { code, text };',
    why: 'says to a person why a process ended; that it ends, and what its journal says of it, does not depend on it',
  },
];

export function explanationOf(file: string, line: string, operator: string): string | undefined {
  return SURVIVORS.find((one) => one.file === file && one.line === line && one.operator === operator)?.why;
}
