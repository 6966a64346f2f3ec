import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode, MAX_EVENT_BYTES } from '../base/codec.ts';
import { groupId, nodeId, sessionId, type NeedId, type NodeId, type ProposalId, type SessionId } from '../base/ids.ts';
import { MS, NEVER, SECOND } from '../base/time.ts';
import { sha256 } from '../base/hash.ts';
import { CHUNK_BYTES, type ContentRequest } from '../content.ts';
import { decideBody } from '../decide/command.ts';
import { bucketOf, makeProposal, makeRecord, type DecideRecord } from '../decide/record.ts';
import type { ServiceOutcome } from '../event.ts';
import type { Body, Outcome } from '../machine.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS } from '../parameters.ts';
import { founding } from './configuration.ts';
import { applyCommand, entryCodec, expireSessions, makeEntry, MAX_EXPIRED_AT_ONCE, noop, openSession, ownCommand, type Command, type Entry } from './entry.ts';
import { raftImageCodec } from './image.ts';
import {
  append, appendReply, groupMessageCodec, MAX_ENTRIES_PER_APPEND, MAX_OUTCOMES_PER_ROW, openRequest, readRequest, snapshotChunk, snapshotReply, submit, voteReply, voteRequest,
  type AnswerMessage, type GroupMessage, type OpenReply, type RaftMessage, type SessionRow,
} from './message.ts';
import { Cluster, GROUP, TIGHT, type Frame, type Member } from './testing/cluster.ts';
import { MAX_NUMBER, MAX_TERM_LEAP } from './bounds.ts';
import { readSnapshot, SnapshotContent, type Snapshot } from './transfer.ts';

const FOUNDING = founding([nodeId(1), nodeId(2), nodeId(3)]);
const GATEWAY = 9;
const need = (name: string): NeedId => `0/${name}` as NeedId;
const decide = (name: string, by = 'a'): Body => decideBody(makeProposal(need(name), bucketOf(need(name)), by as ProposalId, nodeId(GATEWAY), 1, 0));

/** Hands a message to a member, makes the step durable, and returns what it said. */
function tell(cluster: Cluster, to: number, from: number, message: GroupMessage): readonly Frame[] {
  cluster.wire = [];
  cluster.handOver({ from: nodeId(from), to: nodeId(to), message, validUntil: NEVER })?.flush();
  return cluster.wire.splice(0);
}

const said = (frames: readonly Frame[]): readonly GroupMessage[] => frames.map((frame) => frame.message);
const answersOf = <K extends AnswerMessage['kind']>(cluster: Cluster, kind: K): Extract<AnswerMessage, { kind: K }>[] =>
  cluster.answers.map((answer) => answer.message).filter((message): message is Extract<AnswerMessage, { kind: K }> => message.kind === kind);

function leaderOf(cluster: Cluster): NodeId {
  if (cluster.leader === undefined) throw new Error('nobody leads');
  return cluster.leader.self;
}

function openedSession(cluster: Cluster, nonce = 1): SessionId {
  cluster.ask(GATEWAY, leaderOf(cluster), openRequest(GROUP, nonce));
  cluster.drain();
  return (answersOf(cluster, 'opened').at(-1) as OpenReply).session;
}

function elected(size = 3, parameters = RAFT_DEFAULTS): Cluster {
  const cluster = new Cluster(size, 3, parameters);
  cluster.run(2 * SECOND);
  return cluster;
}

/** Node 1 is elected, with the votes of node 2 and before it has sent anything that arrived. */
function electedByTwo(cluster: Cluster): Member {
  const member = cluster.member(1);
  cluster.at = 10 * SECOND;
  while (member.raft.role === 'follower') cluster.fire()?.flush();
  tell(cluster, 1, 2, voteReply(GROUP, true, member.raft.term + 1, true));
  tell(cluster, 1, 2, voteReply(GROUP, false, member.raft.term, true));
  return member;
}

const entry = (term: number, name: string): Entry => makeEntry(term, ownCommand(decide(name)));

describe('a healthy group', () => {
  for (const size of [1, 2, 3, 5]) {
    test(`of ${size} elects one leader, decides, answers reads, and ends up equal`, () => {
      const cluster = elected(size);
      expect(cluster.members.filter((m) => m.raft.role === 'leader')).toHaveLength(1);
      const session = openedSession(cluster);
      for (let i = 1; i <= 100; i++) cluster.ask(GATEWAY, leaderOf(cluster), submit(GROUP, session, i, Math.max(1, i - 50), decide(`n${i}`)));
      cluster.run(SECOND);
      expect(answersOf(cluster, 'submitted')).toHaveLength(100);
      cluster.ask(GATEWAY, leaderOf(cluster), readRequest(GROUP, 1, need('n5')));
      cluster.run(SECOND);
      expect(answersOf(cluster, 'readReply')).toMatchObject([{ lookup: { kind: 'found', record: { lamport: 5 } } }]);
      const images = cluster.members.map((m) => m.image().machine);
      for (const image of images) expect(image).toEqual(images[0]);
    });
  }

  test('gives its machine upkeep once an interval, through the log', () => {
    const cluster = new Cluster(3, 3, RAFT_DEFAULTS, { ...DECIDE_DEFAULTS, epochUs: 2 * SECOND });
    cluster.run(20 * SECOND + 500 * MS);
    for (const member of cluster.members) expect(member.image().machine.epoch).toBe(9);
    expect(cluster.facts.filter(({ fact }) => fact.kind === 'epochAdvanced')).toHaveLength(27);
    expect(cluster.leader?.raft.lastIndex).toBe(10);
  });

  test('announces each decision once on every member', () => {
    const cluster = elected();
    const session = openedSession(cluster);
    for (const sequence of [1, 2]) cluster.ask(GATEWAY, leaderOf(cluster), submit(GROUP, session, sequence, 1, decide('x')));
    cluster.run(SECOND);
    expect(answersOf(cluster, 'submitted').map((m) => m.outcome.kind)).toEqual(['decided', 'decided']);
    for (const member of cluster.members) {
      expect(cluster.facts.filter(({ node, fact }) => node === member.self && fact.kind === 'decided')).toHaveLength(1);
    }
  });
});

describe('votes', () => {
  test('go to a log with a later last term, however short, and not to a longer one of an earlier term', () => {
    const cluster = new Cluster(3, 1);
    tell(cluster, 1, 2, append(GROUP, 2, 0, 0, [entry(1, 'a'), entry(2, 'b')], 0, 0));
    cluster.at = 10 * SECOND;
    expect(said(tell(cluster, 1, 3, voteRequest(GROUP, false, 5, 9, 1)))).toMatchObject([{ kind: 'voteReply', granted: false }]);
    expect(said(tell(cluster, 1, 3, voteRequest(GROUP, false, 6, 1, 3)))).toMatchObject([{ kind: 'voteReply', granted: true, term: 6 }]);
  });

  test('are given once a term, and a crash does not give them back', () => {
    const cluster = new Cluster(3, 1);
    expect(said(tell(cluster, 1, 2, voteRequest(GROUP, false, 1, 0, 0)))).toMatchObject([{ granted: true }]);
    cluster.member(1).crash();
    cluster.member(1).restart();
    expect(said(tell(cluster, 1, 3, voteRequest(GROUP, false, 1, 0, 0)))).toMatchObject([{ granted: false }]);
    expect(said(tell(cluster, 1, 2, voteRequest(GROUP, false, 1, 0, 0)))).toMatchObject([{ granted: true }]);
  });

  test('are refused, and the term not taken over, while a leader is heard', () => {
    const cluster = elected();
    const follower = leaderOf(cluster) % 3 + 1;
    for (const pre of [true, false]) {
      expect(said(tell(cluster, follower, 6 - follower - leaderOf(cluster), voteRequest(GROUP, pre, 9, 99, 9)))).toMatchObject([{ granted: false, term: 1 }]);
      expect(said(tell(cluster, leaderOf(cluster), follower, voteRequest(GROUP, pre, 9, 99, 9)))).toMatchObject([{ granted: false, term: 1 }]);
    }
  });

  test('pre-votes change nothing at the voter, and a member that comes back does not disturb the leader', () => {
    const cluster = elected();
    const leader = leaderOf(cluster);
    const away = leader % 3 + 1;
    cluster.run(20 * SECOND, (frame) => frame.from === away || frame.to === away);
    expect(cluster.member(away).raft.term).toBe(1);
    cluster.run(5 * SECOND);
    expect(cluster.leader?.self).toBe(leader);
    expect(cluster.leader?.raft.term).toBe(1);
  });

  test('a leader that no majority answers steps down within an election timeout', () => {
    const cluster = elected();
    const leader = leaderOf(cluster);
    cluster.run(RAFT_DEFAULTS.electionMaxUs + 2 * RAFT_DEFAULTS.heartbeatUs, (frame) => frame.to === leader);
    expect(cluster.facts).toContainEqual(expect.objectContaining({ node: leader, fact: { kind: 'steppedDown', group: GROUP, term: 1, why: 'noQuorum' } }));
  });
});

describe('the log', () => {
  test('commits an entry of an earlier term only along with one of the own (figure 3.7)', () => {
    const cluster = new Cluster(3, 1);
    tell(cluster, 1, 2, append(GROUP, 1, 0, 0, [entry(1, 'old')], 0, 0));
    const member = electedByTwo(cluster);
    expect(member.raft).toMatchObject({ role: 'leader', lastIndex: 2 });
    tell(cluster, 1, 2, appendReply(GROUP, member.raft.term, true, 1, 0));
    expect(member.raft.commit).toBe(0);
    tell(cluster, 1, 2, appendReply(GROUP, member.raft.term, true, 2, 0));
    expect(member.raft.commit).toBe(2);
  });

  test('of a follower commits nothing that this leader has not confirmed', () => {
    const cluster = new Cluster(3, 1);
    tell(cluster, 1, 2, append(GROUP, 1, 0, 0, [entry(1, 'a'), entry(1, 'stale'), entry(1, 'stale2')], 0, 0));
    tell(cluster, 1, 3, append(GROUP, 2, 1, 1, [], 3, 0));
    expect(cluster.member(1).raft).toMatchObject({ commit: 1, lastIndex: 3 });
  });

  test('keeps its commit index and its entries when an old append comes late', () => {
    const cluster = new Cluster(3, 1);
    tell(cluster, 1, 2, append(GROUP, 1, 0, 0, [entry(1, 'a'), entry(1, 'b'), entry(1, 'c')], 2, 0));
    expect(said(tell(cluster, 1, 2, append(GROUP, 1, 0, 0, [entry(1, 'a')], 1, 0)))).toMatchObject([{ ok: true, match: 2 }]);
    expect(said(tell(cluster, 1, 2, append(GROUP, 1, 1, 1, [entry(1, 'b')], 2, 0)))).toMatchObject([{ ok: true, match: 2 }]);
    expect(cluster.member(1).raft).toMatchObject({ commit: 2, lastIndex: 3 });
  });

  test('replaces a conflicting suffix, and suggests to go on before its whole term', () => {
    const cluster = new Cluster(3, 1);
    tell(cluster, 1, 2, append(GROUP, 2, 0, 0, [entry(1, 'a'), entry(2, 'b'), entry(2, 'c'), entry(2, 'd')], 1, 0));
    expect(said(tell(cluster, 1, 3, append(GROUP, 4, 4, 3, [], 1, 7)))).toMatchObject([{ ok: false, match: 1, round: 7 }]);
    expect(said(tell(cluster, 1, 3, append(GROUP, 4, 9, 3, [], 1, 7)))).toMatchObject([{ ok: false, match: 4 }]);
    expect(said(tell(cluster, 1, 3, append(GROUP, 4, 1, 1, [entry(3, 'x')], 1, 7)))).toMatchObject([{ ok: true, match: 2 }]);
    expect(cluster.member(1).raft).toMatchObject({ lastIndex: 2, commit: 1 });
    expect(cluster.member(1).raft.entryAt(2).term).toBe(3);
  });

  test('of a leader takes late, doubled and impossible answers for what they are', () => {
    const cluster = elected();
    const leader = leaderOf(cluster);
    const follower = leader % 3 + 1;
    openedSession(cluster);
    const before = cluster.member(leader).image().progress[follower - 1];
    for (const reply of [appendReply(GROUP, 1, true, 1, 0), appendReply(GROUP, 1, false, 0, 0), appendReply(GROUP, 1, false, 1, 0), appendReply(GROUP, 1, true, 99, 0), appendReply(GROUP, 1, true, 0, 99)]) {
      tell(cluster, leader, follower, reply);
      expect(cluster.member(leader).image().progress[follower - 1]?.match).toBe(before?.match);
    }
    expect(cluster.member(leader).raft.commit).toBe(2);
  });

  test('holds no more applied entries than it may, on any member', () => {
    const cluster = elected(3, TIGHT);
    const session = openedSession(cluster);
    for (let i = 1; i <= 500; i++) {
      cluster.ask(GATEWAY, leaderOf(cluster), submit(GROUP, session, i, i, decide(`n${i}`)));
      cluster.drain();
      for (const { raft } of cluster.members) expect(raft.applied - raft.firstIndex + 1).toBeLessThanOrEqual(TIGHT.keepEntries);
    }
    expect(answersOf(cluster, 'submitted')).toHaveLength(500);
  });

  test('comes through when any one message is lost', () => {
    for (let lost = 0; lost < 60; lost++) {
      const cluster = elected(3, TIGHT);
      const session = openedSession(cluster);
      let sent = 0;
      const loses = (frame: Frame): boolean => frame.from <= 3 && frame.to <= 3 && sent++ === lost;
      for (let i = 1; i <= 6; i++) cluster.ask(GATEWAY, leaderOf(cluster), submit(GROUP, session, i, 1, decide(`n${i}`)));
      cluster.run(SECOND, loses);
      expect(answersOf(cluster, 'submitted')).toHaveLength(6);
      for (const member of cluster.members) expect(member.raft.commit).toBe(8);
    }
  });

  test('takes no more than it may leave uncommitted', () => {
    const cluster = elected(3, TIGHT);
    const leader = leaderOf(cluster);
    const session = openedSession(cluster);
    for (let i = 1; i <= 20; i++) cluster.ask(GATEWAY, leader, submit(GROUP, session, i, 1, decide(`n${i}`)));
    cluster.drain((frame) => frame.to === leader && frame.from <= 3);
    expect(cluster.member(leader).raft).toMatchObject({ commit: 2, lastIndex: 2 + TIGHT.maxUncommitted });
    expect(answersOf(cluster, 'redirect').map((m) => m.why)).toEqual(Array.from({ length: 8 }, () => 'busy'));
  });
});

describe('sessions', () => {
  test('answer a retry from the table, and do not append it twice', () => {
    const cluster = elected();
    const leader = leaderOf(cluster);
    const session = openedSession(cluster);
    const ask = submit(GROUP, session, 1, 1, decide('x'));
    cluster.ask(GATEWAY, leader, ask);
    cluster.ask(GATEWAY, leader, ask);
    cluster.drain();
    expect(cluster.member(leader).raft.lastIndex).toBe(3);
    cluster.ask(GATEWAY, leader, ask);
    cluster.drain();
    expect(cluster.member(leader).raft.lastIndex).toBe(3);
    expect(answersOf(cluster, 'submitted').map((m) => m.outcome.kind)).toEqual(['decided', 'decided']);
  });

  test('ignore what is below the answers received, and hold off what is beyond the window', () => {
    const cluster = elected();
    const session = openedSession(cluster);
    cluster.ask(GATEWAY, leaderOf(cluster), submit(GROUP, session, 5, 5, decide('x')));
    cluster.drain();
    const answered = cluster.answers.length;
    cluster.ask(GATEWAY, leaderOf(cluster), submit(GROUP, session, 4, 4, decide('y')));
    cluster.drain();
    expect(cluster.answers).toHaveLength(answered);
    cluster.ask(GATEWAY, leaderOf(cluster), submit(GROUP, session, 5 + MAX_OUTCOMES_PER_ROW, 5, decide('z')));
    cluster.drain();
    expect(cluster.answers.at(-1)?.message).toMatchObject({ kind: 'redirect', why: 'busy', number: 5 + MAX_OUTCOMES_PER_ROW });
  });

  test('never apply what the client gave up on before it was applied', () => {
    const cluster = elected();
    const session = openedSession(cluster);
    cluster.ask(GATEWAY, leaderOf(cluster), submit(GROUP, session, 2, 2, decide('x')));
    cluster.ask(GATEWAY, leaderOf(cluster), submit(GROUP, session, 1, 1, decide('given-up')));
    cluster.run(SECOND);
    for (const member of cluster.members) expect(member.image().machine.records.map((r) => r.proposal.need)).toEqual(['0/x']);
  });

  test('apply a command once, though two leaders appended it', () => {
    const cluster = new Cluster(3, 1);
    const submitted = applyCommand(sessionId(1), 1, 1, decide('x'));
    const entries = [makeEntry(1, openSession(nodeId(GATEWAY), 1)), makeEntry(1, submitted), makeEntry(2, noop), makeEntry(2, submitted)];
    tell(cluster, 1, 2, append(GROUP, 2, 0, 0, entries, 4, 0));
    expect(cluster.member(1).image()).toMatchObject({ applied: 4, machine: { lamport: 1 }, sessions: [{ row: { outcomes: [{ sequence: 1 }] } }] });
  });

  test('a retried open finds the session of the first try', () => {
    const cluster = elected();
    expect(openedSession(cluster, 7)).toBe(openedSession(cluster, 7));
    expect(openedSession(cluster, 8)).not.toBe(openedSession(cluster, 7));
  });

  test('expire when nobody uses them, and the least recently used makes room', () => {
    const cluster = elected(3, TIGHT);
    const ids = [1, 2, 3, 4].map((nonce) => openedSession(cluster, nonce));
    cluster.ask(GATEWAY, leaderOf(cluster), submit(GROUP, ids[0] as SessionId, 1, 1, decide('x')));
    cluster.drain();
    openedSession(cluster, 5);
    cluster.run(SECOND);
    for (const member of cluster.members) expect(member.image().sessions.map((s) => s.row.session)).not.toContain(ids[1]);
    cluster.ask(GATEWAY, leaderOf(cluster), submit(GROUP, ids[1] as SessionId, 1, 1, decide('y')));
    cluster.drain();
    expect(cluster.answers.at(-1)?.message).toMatchObject({ kind: 'redirect', why: 'sessionExpired', number: 1 });
    cluster.run(TIGHT.sessionIdleUs + SECOND);
    for (const member of cluster.members) expect(member.image().sessions).toEqual([]);
  });

  test('an expired session is reported for what it still has in the log', () => {
    const cluster = elected(3, TIGHT);
    const leader = leaderOf(cluster);
    const first = openedSession(cluster, 1);
    for (const nonce of [2, 3, 4]) openedSession(cluster, nonce);
    // The open that costs the first session its row, and a command of that session, are in the log together.
    cluster.ask(GATEWAY, leader, openRequest(GROUP, 5));
    cluster.ask(GATEWAY, leader, submit(GROUP, first, 1, 1, decide('x')));
    cluster.drain();
    expect(answersOf(cluster, 'redirect')).toMatchObject([{ why: 'sessionExpired', answers: 'submit', number: 1 }]);
    expect(cluster.member(leader).image().machine.records).toEqual([]);
  });

  test('one that a leader cannot know yet is not reported as expired', () => {
    const cluster = elected();
    cluster.ask(GATEWAY, leaderOf(cluster), submit(GROUP, sessionId(50), 1, 1, decide('x')));
    cluster.drain();
    expect(answersOf(cluster, 'redirect')).toMatchObject([{ why: 'busy' }]);
  });

  test('survive a snapshot: a retry at a member that installed one is not applied again', () => {
    const cluster = elected(3, TIGHT);
    const leader = leaderOf(cluster);
    const sleeper = cluster.member(leader % 3 + 1);
    const third = cluster.member(6 - leader - sleeper.self);
    const session = openedSession(cluster);
    sleeper.crash();
    for (let i = 1; i <= 100; i++) {
      cluster.ask(GATEWAY, leader, submit(GROUP, session, i, Math.min(i, 90), decide(`n${i}`)));
      cluster.drain();
    }
    sleeper.restart();
    cluster.run(SECOND);
    expect(cluster.facts.some(({ node, fact }) => node === sleeper.self && fact.kind === 'snapshotInstalled')).toBe(true);
    cluster.member(leader).crash();
    for (let i = 0; cluster.leader?.self !== sleeper.self; i++) {
      expect(i).toBeLessThan(200);
      cluster.run(SECOND, (frame) => frame.from === third.self && frame.message.kind === 'vote');
    }
    const before = sleeper.raft.lastIndex;
    cluster.ask(GATEWAY, sleeper.self, submit(GROUP, session, 95, 90, decide('n95')));
    cluster.drain();
    expect(sleeper.raft.lastIndex).toBe(before);
    expect(cluster.answers.at(-1)?.message).toMatchObject({ kind: 'submitted', sequence: 95, outcome: { kind: 'decided' } });
  });
});

describe('reads', () => {
  test('are not answered by a leader that was replaced while it slept', () => {
    const cluster = elected();
    const old = leaderOf(cluster);
    const session = openedSession(cluster);
    const isCut = (frame: Frame): boolean => frame.from <= 3 && frame.to <= 3 && (frame.from === old || frame.to === old);
    // It sleeps: its clock stands still, so it cannot know how long it has heard nobody.
    const sleeper = cluster.member(old);
    sleeper.up = false;
    cluster.run(3 * SECOND);
    cluster.ask(GATEWAY, leaderOf(cluster), submit(GROUP, session, 1, 1, decide('x')));
    cluster.run(SECOND);
    expect(answersOf(cluster, 'submitted')).toHaveLength(1);
    sleeper.up = true;
    expect(sleeper.raft.role).toBe('leader');
    cluster.ask(GATEWAY, old, readRequest(GROUP, 1, need('x')));
    cluster.drain(isCut);
    expect(answersOf(cluster, 'readReply')).toEqual([]);
    cluster.run(3 * SECOND);
    expect(answersOf(cluster, 'readReply')).toEqual([]);
    expect(answersOf(cluster, 'redirect')).toMatchObject([{ why: 'notLeader', answers: 'read', number: 1 }]);
  });

  test('that arrive during a round are not answered by it', () => {
    const cluster = elected();
    const leader = leaderOf(cluster);
    const follower = leader % 3 + 1;
    tell(cluster, leader, GATEWAY, readRequest(GROUP, 1, need('x')));
    tell(cluster, leader, GATEWAY, readRequest(GROUP, 2, need('x')));
    const { round } = cluster.member(leader).image();
    const frames = tell(cluster, leader, follower, appendReply(GROUP, 1, true, 1, round));
    expect(said(frames).filter((m) => m.kind === 'readReply')).toMatchObject([{ token: 1 }]);
    expect(said(tell(cluster, leader, follower, appendReply(GROUP, 1, true, 1, round))).filter((m) => m.kind === 'readReply')).toEqual([]);
    expect(said(tell(cluster, leader, follower, appendReply(GROUP, 1, true, 1, round + 1))).filter((m) => m.kind === 'readReply')).toMatchObject([{ token: 2 }]);
  });

  test('wait for the first entry of the term: before, the leader does not know what is committed', () => {
    const cluster = new Cluster(3, 1);
    tell(cluster, 1, 2, append(GROUP, 1, 0, 0, [entry(1, 'x')], 0, 0));
    const { term } = electedByTwo(cluster).raft;
    tell(cluster, 1, GATEWAY, readRequest(GROUP, 1, need('x')));
    expect(said(tell(cluster, 1, 2, appendReply(GROUP, term, false, 0, 1))).filter((m) => m.kind === 'readReply')).toEqual([]);
    expect(said(tell(cluster, 1, 2, appendReply(GROUP, term, true, 2, 1))).filter((m) => m.kind === 'readReply')).toMatchObject([{ lookup: { kind: 'found' } }]);
  });

  test('do not hide a lost append', () => {
    const cluster = elected();
    const leader = leaderOf(cluster);
    const session = openedSession(cluster);
    cluster.ask(GATEWAY, leader, submit(GROUP, session, 1, 1, decide('x')));
    cluster.drain((frame) => frame.message.kind === 'append');
    for (let token = 1; token <= 40; token++) {
      cluster.ask(GATEWAY, leader, readRequest(GROUP, token, need('y')));
      cluster.run(10 * MS);
    }
    expect(answersOf(cluster, 'submitted')).toHaveLength(1);
  });

  test('are bounded', () => {
    const cluster = elected(3, TIGHT);
    for (let token = 1; token <= TIGHT.maxPendingReads + 3; token++) cluster.ask(GATEWAY, leaderOf(cluster), readRequest(GROUP, token, need('x')));
    cluster.drain((frame) => frame.message.kind === 'append');
    expect(answersOf(cluster, 'redirect').map((m) => m.why)).toEqual(['busy', 'busy', 'busy']);
  });
});

describe('snapshots', () => {
  const proposal = (i: number): DecideRecord => makeRecord(makeProposal(`999999999/${String(i).padEnd(54, 'x')}` as NeedId, 255, 'p'.repeat(64) as ProposalId, nodeId(65_535), 65_535, 2 ** 52), 2 ** 52);
  const widest: Outcome = { kind: 'lost', record: proposal(0) };
  const row = (session: number, outcomes: number): SessionRow => ({
    session: sessionId(2 ** 47 + session), opener: nodeId(65_535), nonce: 2 ** 52, used: 2 ** 48, answered: 2 ** 52,
    outcomes: Array.from({ length: outcomes }, (_, i) => ({ sequence: 2 ** 52 + i, outcome: widest })),
  });

  test('read back as they were made, and nothing else does', () => {
    const rows = Array.from({ length: 40 }, (_, i) => row(2 * i, (i * 13) % (MAX_OUTCOMES_PER_ROW + 1)));
    const records = Array.from({ length: 300 }, (_, i) => proposal(i));
    const snapshot: Snapshot = { index: 2 ** 48, term: 2 ** 48, machine: { lamport: 2 ** 48, epoch: 2 ** 48, lowWater: 2 ** 48, named: 2 ** 48, records }, rows, configuration: FOUNDING };
    const bytes = new SnapshotContent(GROUP, snapshot).bytes();
    expect(readSnapshot(GROUP, bytes, 40)).toEqual(snapshot);
    expect(readSnapshot(groupId(1), bytes, 40)).toBeUndefined();
    expect(readSnapshot(GROUP, bytes, 39)).toBeUndefined();
    expect(readSnapshot(GROUP, bytes.subarray(1), 40)).toBeUndefined();
    const twice = { ...snapshot, machine: { ...snapshot.machine, records: [proposal(1), proposal(1)] } };
    expect(readSnapshot(GROUP, new SnapshotContent(GROUP, twice).bytes(), 40)).toBeUndefined();
    const earlier = makeRecord(makeProposal('0/x' as NeedId, 255, 'p' as ProposalId, nodeId(1), 1, 1), 1);
    const inOrder = { ...snapshot, machine: { ...snapshot.machine, records: [earlier, proposal(1)] } };
    expect(readSnapshot(GROUP, new SnapshotContent(GROUP, inOrder).bytes(), 40)).toEqual(inOrder);
    const outOfOrder = { ...snapshot, machine: { ...snapshot.machine, records: [proposal(1), earlier] } };
    expect(readSnapshot(GROUP, new SnapshotContent(GROUP, outOfOrder).bytes(), 40)).toBeUndefined();
    const beyond = { ...snapshot, machine: { ...snapshot.machine, lamport: 2 ** 48 + 1 } };
    expect(readSnapshot(GROUP, new SnapshotContent(GROUP, beyond).bytes(), 40)).toBeUndefined();
  });

  /** Of each kind of command, the longest that can be decoded. */
  const longest: Readonly<Record<Exclude<Command['kind'], 'configure'>, Command>> = {
    noop,
    open: openSession(nodeId(65_535), Number.MAX_SAFE_INTEGER),
    expire: expireSessions(Array.from({ length: MAX_EXPIRED_AT_ONCE }, (_, i) => sessionId(2 ** 47 + i))),
    apply: applyCommand(sessionId(2 ** 47), Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, decideBody(proposal(1).proposal)),
    own: ownCommand(decideBody(proposal(1).proposal)),
  };

  test.each(Object.entries(longest))('as many entries as an append holds fit into an event, all of them the longest %s', (_kind, command) => {
    const entries = Array.from({ length: MAX_ENTRIES_PER_APPEND }, () => makeEntry(MAX_NUMBER, command));
    const frame = encode(groupMessageCodec, append(groupId(65_535), MAX_NUMBER, MAX_NUMBER, MAX_NUMBER, entries, MAX_NUMBER, MAX_NUMBER));
    expect(decode(groupMessageCodec, frame)).toMatchObject({ ok: true });
    expect(frame.length).toBeLessThan(MAX_EVENT_BYTES - 256);
  });

  test('no entry expires more sessions than that, whoever proposed it', () => {
    const expiring = (count: number) => decode(entryCodec, encode(entryCodec, makeEntry(1, expireSessions(Array.from({ length: count }, (_, i) => sessionId(i + 1))))));
    expect(expiring(MAX_EXPIRED_AT_ONCE)).toMatchObject({ ok: true });
    expect(expiring(MAX_EXPIRED_AT_ONCE + 1)).toMatchObject({ ok: false });
  });

  test('never take back what a follower has acknowledged', () => {
    const cluster = new Cluster(3, 1);
    tell(cluster, 1, 2, append(GROUP, 1, 0, 0, [entry(1, 'a'), entry(1, 'b'), entry(1, 'c')], 0, 0));
    expect(said(tell(cluster, 1, 2, chunk(made(2, 0), 0)))).toMatchObject([{ kind: 'snapshotReply', index: 2, is: 'done' }]);
    expect(cluster.member(1).raft).toMatchObject({ commit: 2, lastIndex: 3 });
    expect(said(tell(cluster, 1, 2, chunk(made(1, 0), 0)))).toMatchObject([{ index: 1, is: 'done' }]);
    expect(cluster.member(1).raft).toMatchObject({ commit: 2, lastIndex: 3 });
  });

  const made = (index: number, count: number): Made => {
    const records = Array.from({ length: count }, (_, i) => makeRecord(makeProposal(need(`n${String(i).padEnd(40, 'x')}`), 1, 'p' as ProposalId, nodeId(1), 1, 0), i + 1));
    const bytes = new SnapshotContent(GROUP, { index, term: 1, configuration: FOUNDING, machine: { lamport: count, epoch: 0, lowWater: 0, named: 0, records }, rows: [] }).bytes();
    return { index, records, bytes };
  };
  const chunk = ({ index, bytes }: Made, place: number, term = 1, content = sha256(bytes)): RaftMessage => {
    const offset = place * CHUNK_BYTES;
    return snapshotChunk({ group: GROUP, term, index, indexTerm: 1, content, length: bytes.length, offset, bytes: bytes.slice(offset, offset + CHUNK_BYTES), round: 0 });
  };
  const THREE = made(9, 450);
  const wanting = (index: number, chunks: number) => [{ kind: 'snapshotReply', index, is: 'wanting', offset: chunks * CHUNK_BYTES }];

  test('a chunk that comes twice or too early is not taken in', () => {
    const cluster = new Cluster(3, 1);
    expect(Math.ceil(THREE.bytes.length / CHUNK_BYTES)).toBe(3);
    expect(said(tell(cluster, 1, 2, chunk(THREE, 1)))).toMatchObject(wanting(9, 0));
    expect(said(tell(cluster, 1, 2, chunk(THREE, 0)))).toMatchObject(wanting(9, 1));
    expect(said(tell(cluster, 1, 2, chunk(THREE, 0)))).toMatchObject(wanting(9, 1));
    expect(said(tell(cluster, 1, 2, chunk(THREE, 2)))).toMatchObject(wanting(9, 1));
    expect(said(tell(cluster, 1, 2, chunk(THREE, 1)))).toMatchObject(wanting(9, 2));
    expect(said(tell(cluster, 1, 2, chunk(THREE, 2)))).toMatchObject([{ index: 9, is: 'done' }]);
    expect(cluster.member(1).image().machine.records).toEqual(THREE.records);
  });

  test('a later one takes the place of what has arrived of another; an earlier one of the same leader does not', () => {
    const cluster = new Cluster(3, 1);
    const later = made(10, 300);
    tell(cluster, 1, 2, chunk(THREE, 0));
    expect(said(tell(cluster, 1, 2, chunk(later, 0)))).toMatchObject(wanting(10, 1));
    expect(cluster.facts.at(-1)?.fact).toEqual({ kind: 'snapshotChanged', group: GROUP, index: 10, before: 9 });
    expect(said(tell(cluster, 1, 2, chunk(THREE, 1)))).toEqual([]);
    expect(said(tell(cluster, 1, 2, chunk(later, 1)))).toMatchObject([{ index: 10, is: 'done' }]);
    expect(cluster.member(1).image().machine.records).toEqual(later.records);
  });

  test('the leader of another term may have an earlier one', () => {
    const cluster = new Cluster(3, 1);
    tell(cluster, 1, 2, chunk(made(10, 300), 0));
    expect(said(tell(cluster, 1, 3, chunk(THREE, 0, 2)))).toMatchObject(wanting(9, 1));
  });

  test('the same content from the next leader goes on where the last one stopped', () => {
    const cluster = new Cluster(3, 1);
    tell(cluster, 1, 2, chunk(THREE, 0));
    tell(cluster, 1, 2, chunk(THREE, 1));
    expect(said(tell(cluster, 1, 3, chunk(THREE, 0, 2)))).toMatchObject(wanting(9, 2));
  });

  test('what has arrived outlives a crash, but for what was not durable', () => {
    const cluster = new Cluster(3, 1);
    const member = cluster.member(1);
    tell(cluster, 1, 2, chunk(THREE, 0));
    cluster.handOver({ from: nodeId(2), to: member.self, message: chunk(THREE, 1), validUntil: NEVER });
    member.crash();
    member.restart();
    expect(cluster.facts.at(-1)?.fact).toEqual({ kind: 'snapshotResumed', group: GROUP, index: 9, received: CHUNK_BYTES });
    expect(said(tell(cluster, 1, 2, chunk(THREE, 2)))).toMatchObject(wanting(9, 1));
    tell(cluster, 1, 2, chunk(THREE, 1));
    expect(said(tell(cluster, 1, 2, chunk(THREE, 2)))).toMatchObject([{ index: 9, is: 'done' }]);
    expect(member.image().machine.records).toEqual(THREE.records);
  });

  test('is not installed if a bit of it has flipped, and is asked for anew', () => {
    const cluster = new Cluster(3, 1);
    const flipped = { ...THREE, bytes: THREE.bytes.slice() };
    const place = THREE.bytes.indexOf('n'.charCodeAt(0), 100);
    flipped.bytes[place] = (flipped.bytes[place] as number) ^ 1;
    const content = sha256(THREE.bytes);
    expect(readSnapshot(GROUP, flipped.bytes, 1)).toBeDefined();
    for (const at of [0, 1]) tell(cluster, 1, 2, chunk(flipped, at, 1, content));
    expect(said(tell(cluster, 1, 2, chunk(flipped, 2, 1, content)))).toMatchObject([{ index: 9, is: 'damaged', offset: 0 }]);
    expect(cluster.facts.at(-1)?.fact).toEqual({ kind: 'contentDamaged', group: GROUP, index: 9, content });
    expect(cluster.member(1).raft).toMatchObject({ commit: 0 });
    for (const at of [0, 1, 2]) tell(cluster, 1, 2, chunk(THREE, at));
    expect(cluster.member(1).image().machine.records).toEqual(THREE.records);
  });

  test('of another index than it says is not installed, though its hash is right', () => {
    const cluster = new Cluster(3, 1);
    const lying = { ...made(8, 10), index: 9 };
    expect(said(tell(cluster, 1, 2, chunk(lying, 0)))).toMatchObject([{ index: 9, is: 'damaged' }]);
    expect(cluster.member(1).raft).toMatchObject({ commit: 0 });
  });
});

/** A snapshot as its leader would have stored it. */
interface Made {
  readonly index: number;
  readonly records: readonly DecideRecord[];
  readonly bytes: Uint8Array;
}

describe('a leader whose follower needs a snapshot', () => {
  /** The leader holds some hundred records, and a follower lacks all of them. */
  function behind(): { cluster: Cluster; leader: Member; sleeper: Member } {
    const cluster = elected(3, { ...TIGHT, maxUncommitted: 64 });
    const leader = cluster.member(leaderOf(cluster));
    const sleeper = cluster.member(leader.self % 3 + 1);
    const session = openedSession(cluster);
    sleeper.crash();
    for (let i = 1; i <= 450; i++) {
      cluster.ask(GATEWAY, leader.self, submit(GROUP, session, i, i, decide(`n${String(i).padEnd(40, 'x')}`)));
      cluster.drain();
    }
    return { cluster, leader, sleeper };
  }
  const factsOf = (cluster: Cluster, kind: string): readonly unknown[] => cluster.facts.filter(({ fact }) => fact.kind === kind).map(({ fact }) => fact);
  const chunksTo = (cluster: Cluster, sleeper: Member): number[] => {
    const offsets: number[] = [];
    cluster.run(2 * SECOND, ({ to, message }) => {
      if (to === sleeper.self && message.kind === 'snapshot') offsets.push(message.offset / CHUNK_BYTES);
      return false;
    });
    return offsets;
  };

  test('sends every chunk once, each small enough for an event, and then the log', () => {
    const { cluster, leader, sleeper } = behind();
    sleeper.restart();
    expect(chunksTo(cluster, sleeper)).toEqual([0, 1, 2]);
    expect(cluster.largest).toBeLessThan(CHUNK_BYTES + 256);
    expect(sleeper.image().machine).toEqual(leader.image().machine);
    expect(factsOf(cluster, 'chunkResent')).toEqual([]);
  });

  test('says a chunk again that was lost, and no other', () => {
    const { cluster, leader, sleeper } = behind();
    sleeper.restart();
    let lost = 0;
    cluster.run(2 * SECOND, ({ to, message }) => to === sleeper.self && message.kind === 'snapshot' && message.offset === CHUNK_BYTES && lost++ < 2);
    expect(sleeper.image().machine).toEqual(leader.image().machine);
    expect(factsOf(cluster, 'chunkResent')).toMatchObject([{ offset: CHUNK_BYTES }, { offset: CHUNK_BYTES }]);
  });

  test.each(['missing', 'damaged'] as const)('makes another snapshot if its store finds that one %s', (why) => {
    const { cluster, leader, sleeper } = behind();
    let struck = 0;
    cluster.storeSays = (request) => (request.ask === 'get' && request.offset > 0 && struck++ === 0 ? { kind: 'ok', answer: { service: 'content', is: 'absent', why } } : undefined);
    sleeper.restart();
    cluster.run(2 * SECOND);
    expect(struck).toBeGreaterThan(1);
    expect(factsOf(cluster, 'contentLost')).toMatchObject([{ why }]);
    expect(sleeper.image().machine).toEqual(leader.image().machine);
  });

  test.each<[string, (request: ContentRequest) => boolean]>([['reading', (request) => request.ask === 'get'], ['storing', (request) => request.ask === 'put']])('tries again when %s fails, and nobody is led by a store that says nothing', (_what, isIt) => {
    const { cluster, leader, sleeper } = behind();
    const answers: (ServiceOutcome | 'silence')[] = [{ kind: 'failed', reason: 'no' }, { kind: 'unknown' }, 'silence'];
    cluster.storeSays = (request) => (isIt(request) ? answers.shift() : undefined);
    sleeper.restart();
    cluster.run(6 * SECOND);
    expect(answers).toEqual([]);
    expect(sleeper.image().machine).toEqual(leader.image().machine);
    expect(leader.raft.role).toBe('leader');
    expect(factsOf(cluster, 'becameLeader')).toHaveLength(1);
  });

  test('makes another one if what arrived is damaged', () => {
    const { cluster, leader, sleeper } = behind();
    cluster.storeSays = (request) => {
      const bytes = cluster.stores.get(leader.self)?.bytes;
      if (request.ask !== 'get' || bytes === undefined) return undefined;
      bytes[200] = (bytes[200] as number) ^ 1;
      cluster.storeSays = undefined;
      return undefined;
    };
    sleeper.restart();
    cluster.run(2 * SECOND);
    expect(factsOf(cluster, 'contentDamaged')).toHaveLength(1);
    expect(factsOf(cluster, 'contentLost')).toMatchObject([{ why: 'refused' }]);
    expect(sleeper.image().machine).toEqual(leader.image().machine);
  });

  test('and leads again after a crash goes on with the content in its store', () => {
    const { cluster, leader, sleeper } = behind();
    sleeper.restart();
    cluster.run(200 * MS, ({ to, message }) => to === sleeper.self && message.kind === 'snapshot' && message.offset > CHUNK_BYTES);
    const content = leader.image().offer?.content;
    expect(content).toMatch(/^[0-9a-f]{64}$/);
    leader.crash();
    leader.restart();
    // Nobody else has the whole log and may be heard: the same one is elected again.
    const third = 6 - leader.self - sleeper.self;
    const asked: string[] = [];
    cluster.storeSays = (request) => void asked.push(request.ask === 'get' ? `get ${request.offset / CHUNK_BYTES}` : request.ask);
    cluster.run(5 * SECOND, ({ from, message }) => from === third && message.kind === 'vote');
    expect(leader.raft.role).toBe('leader');
    // The first chunk it says again; the answer says that two have arrived already.
    expect(asked).toEqual(['has', 'get 0', 'get 2']);
    expect(leader.image().offer?.content).toBe(content);
    expect(sleeper.image().machine).toEqual(leader.image().machine);
  });

  test('drops it once the log does not go on from it', () => {
    const { cluster, leader, sleeper } = behind();
    sleeper.restart();
    cluster.run(2 * SECOND);
    expect(cluster.stores.has(leader.self)).toBe(true);
    const session = openedSession(cluster, 2);
    for (let i = 1; i <= 100; i++) {
      cluster.ask(GATEWAY, leader.self, submit(GROUP, session, i, i, decide(`later${i}`)));
      cluster.drain();
    }
    expect(leader.image().offer).toBeUndefined();
    expect(cluster.stores.has(leader.self)).toBe(false);
  });
});

describe('whatever a peer says', () => {
  // Of what members say larger numbers are refused where they are decoded; clients number as they like.
  const number = fc.oneof(fc.nat(5), fc.nat(300), fc.constantFrom(2 ** 31, 2 ** 32, MAX_NUMBER - 1, MAX_NUMBER));
  const any = fc.oneof(number, fc.constantFrom(MAX_NUMBER + 1, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER));
  const body = fc.nat(20).map((i) => decide(`g${i}`));
  const session = any.map((n) => sessionId(n));
  const command = fc.oneof(
    fc.constant(noop),
    fc.tuple(fc.nat(9), any).map(([opener, nonce]) => openSession(nodeId(opener), nonce)),
    fc.array(session, { maxLength: MAX_EXPIRED_AT_ONCE }).map(expireSessions),
    fc.tuple(session, any, any, body).map((args) => applyCommand(...args)),
    body.map(ownCommand),
  );
  const entries = fc.array(fc.tuple(number, command).map(([term, c]) => makeEntry(term, c)), { maxLength: 8 });
  const record = fc.tuple(fc.nat(20), number).map(([i, lamport]) => makeRecord(makeProposal(need(`r${i}`), 1, 'p' as ProposalId, nodeId(1), 1, 0), lamport));
  const rows = fc.array(fc.record({ session, opener: fc.nat(9).map(nodeId), nonce: any, used: any, answered: any, outcomes: fc.array(fc.record({ sequence: any, outcome: record.map((r): Outcome => ({ kind: 'decided', record: r })) }), { maxLength: 3 }) }), { maxLength: 4 });
  const content = fc.nat(2).map((n) => sha256(`${n}`));
  const message: fc.Arbitrary<RaftMessage> = fc.oneof(
    fc.tuple(fc.boolean(), number, number, number).map((a) => voteRequest(GROUP, ...a)),
    fc.tuple(fc.boolean(), number, fc.boolean()).map((a) => voteReply(GROUP, ...a)),
    fc.tuple(number, number, number, entries, number, number).map((a) => append(GROUP, ...a)),
    fc.tuple(number, fc.boolean(), number, number).map((a) => appendReply(GROUP, ...a)),
    fc.tuple(number, number, content, fc.nat(3).map((n) => n * CHUNK_BYTES), fc.constantFrom('wanting' as const, 'done' as const, 'damaged' as const), number).map((a) => snapshotReply(GROUP, ...a)),
    fc.record({ term: number, index: number, indexTerm: number, machine: fc.record({ lamport: number, epoch: number, lowWater: number, named: number, records: fc.array(record, { maxLength: 4 }) }), rows, cut: fc.boolean(), content, round: number }).map(
      ({ term, index, indexTerm, machine, rows: held, cut, content: another, round }) => {
        const bytes = new SnapshotContent(GROUP, { index, term: indexTerm, configuration: FOUNDING, machine, rows: held }).bytes();
        return snapshotChunk({ group: GROUP, term, index, indexTerm, content: cut ? another : sha256(bytes), length: bytes.length, offset: 0, bytes, round });
      },
    ),
  );
  const client = fc.oneof(
    any.map((n) => openRequest(GROUP, n)),
    fc.tuple(session, any, any, body).map((a) => submit(GROUP, ...a)),
    any.map((n) => readRequest(GROUP, n, need('x'))),
  );

  test('a member never throws, and its state can still be written down', () => {
    fc.assert(
      fc.property(fc.constantFrom(0, 2), fc.array(fc.tuple(fc.nat(5), fc.oneof({ weight: 5, arbitrary: message }, { weight: 1, arbitrary: client }), fc.boolean()), { maxLength: 40 }), (seconds, told) => {
        const cluster = new Cluster(3, 3, TIGHT);
        cluster.run(seconds * SECOND);
        const target = cluster.leader?.self ?? nodeId(1);
        for (const [from, m, fires] of told) {
          tell(cluster, target, from, m);
          if (fires) cluster.fire()?.flush();
        }
        encode(raftImageCodec, cluster.member(target).image());
      }),
      { numRuns: 2_000, seed: 1 },
    );
  });

  test('who is no voter is not heard', () => {
    const cluster = elected();
    const before = cluster.members.map((member) => encode(raftImageCodec, member.image()));
    for (const from of [0, 4, 65_535]) {
      for (const m of [append(GROUP, 9, 0, 0, [], 0, 0), voteRequest(GROUP, false, 9, 9, 9), appendReply(GROUP, 9, false, 0, 0)]) expect(tell(cluster, 1, from, m)).toEqual([]);
    }
    expect(cluster.members.map((member) => encode(raftImageCodec, member.image()))).toEqual(before);
  });
});

describe('an image', () => {
  test('taken at every step and restored changes nothing that follows', () => {
    const play = (reloads: boolean): readonly string[] => {
      const cluster = new Cluster(3, 5, TIGHT);
      cluster.trace = [];
      if (reloads) cluster.flushed = (member) => member.reload();
      cluster.run(2 * SECOND);
      const session = openedSession(cluster);
      const leader = leaderOf(cluster);
      const sleeper = cluster.member(leader % 3 + 1);
      sleeper.crash();
      for (let i = 1; i <= 120; i++) {
        cluster.ask(GATEWAY, leader, submit(GROUP, session, i, i, decide(`n${i}`)));
        if (i % 10 === 0) cluster.ask(GATEWAY, leader, readRequest(GROUP, i, need(`n${i}`)));
        cluster.run(20 * MS);
      }
      sleeper.restart();
      cluster.run(SECOND);
      cluster.run(3 * SECOND, (frame) => frame.from === leader && frame.to <= 3);
      cluster.run(5 * SECOND);
      return cluster.trace;
    };
    expect(play(true)).toEqual(play(false));
  });
});

describe('a term that nobody honest has reached', () => {
  test('is not taken over, and the group goes on; one that is merely far ahead is', () => {
    const cluster = elected();
    const leader = leaderOf(cluster);
    const [follower, stranger] = cluster.members.map((m) => m.self).filter((node) => node !== leader) as [NodeId, NodeId];
    const raft = cluster.member(follower).raft;
    const term = raft.term;
    for (const far of [term + MAX_TERM_LEAP + 1, MAX_NUMBER - 1, MAX_NUMBER + 1]) {
      expect(tell(cluster, follower, stranger, append(GROUP, far, 0, 0, [], 0, 0))).toEqual([]);
      expect(tell(cluster, follower, stranger, voteReply(GROUP, false, far, false))).toEqual([]);
    }
    expect([raft.term, raft.leader]).toEqual([term, leader]);
    tell(cluster, follower, stranger, voteReply(GROUP, false, term + MAX_TERM_LEAP, false));
    expect(raft.term).toBe(term + MAX_TERM_LEAP);
    cluster.run(5 * SECOND);
    expect(leaderOf(cluster)).toBeGreaterThan(0);
    expect(cluster.member(leaderOf(cluster)).raft.term).toBeGreaterThan(term + MAX_TERM_LEAP);
  });

  test('is refused where it is decoded, as are indices and rounds beyond any log', () => {
    const decoded = (message: GroupMessage): boolean => decode(groupMessageCodec, encode(groupMessageCodec, message)).ok;
    const [most, more] = [MAX_NUMBER, MAX_NUMBER + 1];
    expect(decoded(append(GROUP, most, most, most, [makeEntry(most, noop)], most, most))).toBe(true);
    const beyond = [
      append(GROUP, more, 0, 0, [], 0, 0), append(GROUP, 1, more, 0, [], 0, 0), append(GROUP, 1, 0, more, [], 0, 0), append(GROUP, 1, 0, 0, [], more, 0),
      append(GROUP, 1, 0, 0, [], 0, more), append(GROUP, 1, 0, 0, [makeEntry(more, noop)], 0, 0), appendReply(GROUP, more, true, 0, 0),
      voteRequest(GROUP, false, more, 0, 0), voteReply(GROUP, false, more, false), snapshotReply(GROUP, 1, more, sha256(''), 0, 'wanting', 0),
    ];
    for (const message of beyond) expect(decoded(message), message.kind).toBe(false);
  });
});
