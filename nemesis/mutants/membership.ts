// Planted bugs of membership: changes of configuration, the lives of nodes, and handing over.

import type { Mutant } from './mutant.ts';

const RAFT = 'kernel/raft/raft.ts';
const CONFIGURATION = 'kernel/raft/configuration.ts';
const FOLLOWERS = 'kernel/raft/followers.ts';
const STEPS = 'kernel/raft/steps.ts';
const GATEWAY = 'kernel/decide/gateway.ts';

export const MEMBERSHIP_MUTANTS: readonly Mutant[] = [
  {
    name: 'raft/config-before-own-term',
    family: 'raft',
    about: 'changes the membership before an entry of its own term is committed',
    edits: [{ file: RAFT, anchor: 'return this.standings.latest.index <= this.commitIndex && this.commitIndex >= this.termStart;', replacement: 'return this.standings.latest.index <= this.commitIndex;' }],
  },
  {
    name: 'raft/two-changes-at-once',
    family: 'raft',
    about: 'begins a change of the membership before the last one is committed',
    edits: [{ file: RAFT, anchor: 'return this.standings.latest.index <= this.commitIndex && this.commitIndex >= this.termStart;', replacement: 'return this.commitIndex >= this.termStart;' }],
  },
  {
    name: 'raft/never-joint',
    family: 'raft',
    about: 'replaces several voters in one step',
    edits: [{ file: STEPS, anchor: 'differByOne(voters, next) ? [] : voters', replacement: '[]' }],
  },
  {
    name: 'raft/joint-commit-by-new',
    family: 'raft',
    about: 'while joint, commits what a majority of the new voters alone holds',
    edits: [{ file: FOLLOWERS, anchor: 'return before.length === 0 ? held : Math.min(held, this.majorityOf(before));', replacement: 'return held;' }],
  },
  {
    name: 'raft/joint-election-by-new',
    family: 'raft',
    about: 'while joint, is elected by a majority of the new voters alone',
    edits: [{ file: CONFIGURATION, anchor: 'if (this.before.length === 0) return true;', replacement: 'return true;' }],
  },
  {
    name: 'raft/config-when-committed',
    family: 'raft',
    about: 'a follower goes by the old configuration though it holds the new one',
    edits: [{ file: RAFT, anchor: "if (entry.command.kind === 'configure') this.configured(ctx, entry.term, entry.command.configuration);", replacement: '' }],
  },
  {
    name: 'raft/cut-config-stays',
    family: 'raft',
    about: 'a configuration stays in force though its entry was cut off',
    edits: [{ file: 'kernel/raft/standing.ts', anchor: 'if (this.stack.length === before) return false;\n    this.electorate = new Electorate(this.latest.configuration);', replacement: 'if (this.stack.length === before) return false;' }],
  },
  {
    name: 'raft/config-not-in-snapshot',
    family: 'raft',
    about: 'a snapshot says that the members are those of the beginning',
    edits: [{ file: RAFT, anchor: 'return this.replica.freeze(index, this.log.termAt(index), this.standings.at(index).configuration);', replacement: 'return this.replica.freeze(index, this.log.termAt(index), this.founding);' }],
  },
  {
    name: 'raft/learner-counts',
    family: 'raft',
    about: 'what a learner holds counts towards a majority',
    edits: [{ file: CONFIGURATION, anchor: 'this.voters = c.voters.length;', replacement: 'this.voters = isJoint(c) ? c.voters.length : seats.length;' }],
  },
  {
    name: 'raft/empty-learner-votes',
    family: 'raft',
    about: 'gives a learner its vote before it has caught up',
    edits: [{ file: STEPS, anchor: 'goal.voters.includes(seat.node) && sight.hasCaughtUp(seat.node)', replacement: 'goal.voters.includes(seat.node)' }],
  },
  {
    name: 'raft/new-life-keeps-seat',
    family: 'raft',
    about: 'what a node says in a new life counts for the seat of the life that is over',
    edits: [{ file: CONFIGURATION, anchor: 'return place !== undefined && (this.seats[place] as Seat).life === life ? place : undefined;', replacement: 'return place;' }],
  },
  {
    name: 'raft/handed-needs-no-log',
    family: 'raft',
    about: 'asks a follower that lacks entries to take over, and who was asked to gets votes whatever its log',
    edits: [
      { file: RAFT, anchor: 'if (place === undefined || !this.followers.holdsAll(place)) return;', replacement: 'if (place === undefined) return;' },
      { file: RAFT, anchor: 'const granted = !follows && upToDate && free;', replacement: 'const granted = !follows && (upToDate || m.handed) && free;' },
    ],
  },
  {
    name: 'raft/sleeps-on',
    family: 'raft',
    about: 'a follower that is asked by a client while its group rests goes on resting',
    edits: [{ file: RAFT, anchor: "if (this.asleep && message.kind !== 'rest') this.wakeUp(ctx, from, message.kind === 'vote');", replacement: "if (this.asleep && message.kind !== 'rest' && (this.currentRole === 'leader' || message.kind === 'append')) this.wakeUp(ctx, from, false);" }],
  },
  {
    name: 'raft/beats-share-commit',
    family: 'raft',
    about: 'heartbeats of several groups in one message all say the commit index of that which is furthest',
    edits: [{
      file: 'kernel/raft/beats.ts',
      anchor: 'each(place, to, validUntil, beats(together));',
      replacement: `{
        const furthest = Math.max(...together.map((beat) => beat.kind === 'append' ? beat.commit : 0));
        each(place, to, validUntil, beats(together.map((beat) => beat.kind === 'append' ? { ...beat, commit: Math.max(beat.commit, furthest) } : beat)));
      }`,
    }],
  },
  {
    name: 'raft/beats-answered-for-all',
    family: 'raft',
    about: 'to heartbeats of several groups a follower acknowledges in each what it holds in that which is furthest',
    edits: [{
      file: 'kernel/raft/beats.ts',
      anchor: 'each(place, to, validUntil, beats(together));',
      replacement: `{
        const furthest = Math.max(...together.map((beat) => beat.kind === 'appendReply' && beat.ok ? beat.match : 0));
        each(place, to, validUntil, beats(together.map((beat) => beat.kind === 'appendReply' && beat.ok ? { ...beat, match: furthest } : beat)));
      }`,
    }],
  },
  {
    name: 'decide/new-life-asks-again',
    family: 'decide',
    about: 'a node in a new life submits what it may have submitted in the one before, in another session',
    edits: [{ file: GATEWAY, anchor: "for (const calls of [lane.submitted, lane.waiting]) for (const call of calls.splice(0)) this.finish(ctx, call, { kind: 'unknown', why: 'sessionExpired' });", replacement: 'lane.waiting.unshift(...lane.submitted.splice(0));' }],
  },
];
