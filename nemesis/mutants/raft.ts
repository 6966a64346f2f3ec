// Planted bugs of the replicated log: classics that shipped in real systems.

import type { Mutant } from './mutant.ts';

const RAFT = 'kernel/raft/raft.ts';
const FOLLOWERS = 'kernel/raft/followers.ts';
const REPLICA = 'kernel/raft/replica.ts';
const LOOP = 'io/loop.ts';
const HOLD = 'if (effects.length > 0) this.hold(event, effects);';

/** Releases one kind of answer as soon as the kernel gives it. */
const early = (condition: string): string =>
  `const early = effects.filter((effect) => effect.kind === 'send' && ${condition});
    for (const effect of early) this.perform(effect, event, effects.indexOf(effect), at);
    if (effects.length > 0) this.hold(event, effects.filter((effect) => !early.includes(effect)));
    if (early.length > 0) this.waiting.urgent = true;`;

export const RAFT_MUTANTS: readonly Mutant[] = [
  {
    name: 'raft/commit-older-term',
    family: 'raft',
    about: 'commits entries of older terms by counting replicas',
    edits: [{ file: RAFT, anchor: 'if (index > this.commitIndex && this.log.termAt(index) === this.currentTerm) this.commitTo(ctx, index);', replacement: 'if (index > this.commitIndex) this.commitTo(ctx, index);' }],
  },
  {
    name: 'raft/vote-before-durable',
    family: 'raft',
    about: 'answers a vote before it is durable',
    edits: [{ file: LOOP, anchor: HOLD, replacement: early("effect.message.kind === 'voteReply'") }],
  },
  {
    name: 'raft/ack-before-durable',
    family: 'raft',
    about: 'acknowledges an append before it is durable',
    edits: [{ file: LOOP, anchor: HOLD, replacement: early("effect.message.kind === 'appendReply'") }],
  },
  {
    name: 'raft/stale-read',
    family: 'raft',
    about: 'reads without lease or read index',
    edits: [{ file: RAFT, anchor: 'if (this.reads.add(from, m.token, m.need, index)) this.beginRound(ctx);', replacement: 'answer(ctx, from, readReply(this.group, m.token, this.replica.machine.lookup(m.need)));' }],
  },
  {
    name: 'raft/commit-beyond-match',
    family: 'raft',
    about: "a follower commits the leader's index beyond the last entry that is known to match",
    edits: [{ file: RAFT, anchor: 'const commit = Math.min(m.commit, lastNew);', replacement: 'const commit = Math.min(m.commit, this.log.lastIndex);' }],
  },
  {
    name: 'raft/commit-regress',
    family: 'raft',
    about: 'the commit index, and what is applied, goes back on a reordered append',
    edits: [{ file: RAFT, anchor: 'if (commit > this.commitIndex) this.commitTo(ctx, commit);', replacement: 'if (commit < this.commitIndex) this.commitIndex = this.appliedIndex = commit;\n    else if (commit > this.commitIndex) this.commitTo(ctx, commit);' }],
  },
  {
    name: 'raft/length-before-term',
    family: 'raft',
    about: 'the up-to-date check compares length before term',
    edits: [{
      file: RAFT,
      anchor: 'm.lastTerm > this.log.lastTerm || (m.lastTerm === this.log.lastTerm && m.lastIndex >= this.log.lastIndex)',
      replacement: 'm.lastIndex > this.log.lastIndex || (m.lastIndex === this.log.lastIndex && m.lastTerm >= this.log.lastTerm)',
    }],
  },
  {
    name: 'raft/sessions-not-in-snapshot',
    family: 'raft',
    about: 'the session table is left out of the snapshot',
    edits: [{ file: REPLICA, anchor: 'machine: this.machine.image(), rows: this.sessions.rows() };', replacement: 'machine: this.machine.image(), rows: [] };' }],
  },
  {
    name: 'raft/votes-twice',
    family: 'raft',
    about: 'grants its vote to everybody who asks in a term',
    edits: [{ file: RAFT, anchor: '(this.vote === NOBODY || this.vote === from)', replacement: 'true' }],
  },
  {
    name: 'raft/vote-forgotten',
    family: 'raft',
    about: 'does not remember over a restart whom it voted for',
    edits: [{ file: RAFT, anchor: "this.asleep = false;\n    ctx.deadline(this.slots.heartbeat, NEVER);", replacement: "this.asleep = false;\n    this.vote = NOBODY;\n    ctx.deadline(this.slots.heartbeat, NEVER);" }],
  },
  {
    name: 'raft/quorum-without-majority',
    family: 'raft',
    about: 'half of the voters are enough',
    edits: [{ file: 'kernel/raft/configuration.ts', anchor: 'export const majorityOf = (count: number): number => (count >> 1) + 1;', replacement: 'export const majorityOf = (count: number): number => Math.max(1, count >> 1);' }],
  },
  {
    name: 'raft/truncates-what-agrees',
    family: 'raft',
    about: 'an old append cuts off what was acknowledged after it, though it agrees',
    edits: [{ file: RAFT, anchor: 'if (log.termAt(index) === entry.term) continue;', replacement: '' }],
  },
  {
    name: 'raft/stranger-counts',
    family: 'raft',
    about: 'what a node without a seat answers counts for the voter that is named last',
    edits: [{ file: RAFT, anchor: 'const place = this.electorate.placeOf(from, this.lives.lifeOf(from));', replacement: 'const place = this.electorate.placeOf(from, this.lives.lifeOf(from)) ?? this.electorate.voting - 1;' }],
  },
  {
    name: 'raft/session-of-another',
    family: 'raft',
    about: 'a node may use the session that was opened for another one',
    edits: [{ file: RAFT, anchor: 'if (session === undefined || session.opener !== from) {', replacement: 'if (session === undefined) {' }],
  },
  {
    name: 'raft/waits-for-the-tick',
    family: 'raft',
    about: 'what a leader appends is sent when a follower has answered a heartbeat, not at once',
    edits: [{ file: FOLLOWERS, anchor: 'for (let place = 0; place < this.progress.length; place++) this.replicate(ctx, place);', replacement: '' }],
  },
  {
    name: 'raft/never-rests',
    family: 'raft',
    about: 'the leader of a group that nobody asks anything goes on with its heartbeats',
    edits: [{ file: RAFT, anchor: 'if (restAfterUs === 0 ||', replacement: 'if (restAfterUs > 0 ||' }],
  },
  {
    name: 'raft/keeps-its-log',
    family: 'raft',
    about: 'a log is never compacted, and grows without a bound',
    edits: [{ file: RAFT, anchor: 'if (this.appliedIndex - this.log.base > this.parameters.keepEntries) this.compact(ctx);', replacement: '' }],
  },
  {
    name: 'raft/forgets-when-it-was-busy',
    family: 'raft',
    about: 'a member that is restored from its image does not know when something was last begun',
    edits: [{ file: RAFT, anchor: 'this.busyAt = image.busyAt;', replacement: '' }],
  },
];
