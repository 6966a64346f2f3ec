import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encode, MAX_EVENT_BYTES } from '../base/codec.ts';
import { groupId, nodeId, sessionId, type NeedId, type NodeId, type ProposalId, type SessionId } from '../base/ids.ts';
import { MS, NEVER, SECOND } from '../base/time.ts';
import { decideBody } from '../decide/command.ts';
import { bucketOf, makeProposal, makeRecord, type DecideRecord } from '../decide/record.ts';
import type { Body, Outcome } from '../machine.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS } from '../parameters.ts';
import { founding } from './configuration.ts';
import { applyCommand, entryCodec, expireSessions, makeEntry, MAX_EXPIRED_AT_ONCE, noop, openSession, ownCommand, type Command, type Entry } from './entry.ts';
import { raftImageCodec } from './image.ts';
import {
  append, appendReply, groupMessageCodec, MAX_ENTRIES_PER_APPEND, MAX_OUTCOMES_PER_ROW, openRequest, readRequest, snapshotReply, snapshotSlice, submit, voteReply, voteRequest,
  type AnswerMessage, type GroupMessage, type OpenReply, type RaftMessage, type SessionRow,
} from './message.ts';
import { Cluster, GROUP, TIGHT, type Frame, type Member } from './testing/cluster.ts';
import { MAX_NUMBER, MAX_TERM_LEAP } from './bounds.ts';
import { cut, SLICE_BYTES } from './transfer.ts';

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

  test('are cut into slices that fit into an event, whatever they hold', () => {
    const rows = Array.from({ length: 40 }, (_, i) => row(i, (i * 13) % (MAX_OUTCOMES_PER_ROW + 1)));
    const records = Array.from({ length: 300 }, (_, i) => proposal(i));
    const snapshot = { index: 2 ** 48, term: 2 ** 48, machine: { lamport: 2 ** 52, epoch: 2 ** 48, lowWater: 2 ** 48, named: 2 ** 48, records }, rows, configuration: FOUNDING };
    let sessionOffset = 0;
    let offset = 0;
    while (sessionOffset < rows.length || offset < records.length) {
      const slice = cut(snapshot, sessionOffset, offset);
      const { lamport, epoch, lowWater, named } = snapshot.machine;
      const message = snapshotSlice({ group: GROUP, term: 2 ** 48, index: 2 ** 48, indexTerm: 2 ** 48, lamport, epoch, lowWater, named, offset, total: 300, records: slice.records, sessionOffset, sessionTotal: 40, sessions: slice.sessions, configuration: FOUNDING, round: 2 ** 48 });
      expect(encode(groupMessageCodec, message).length).toBeLessThan(SLICE_BYTES + 256);
      expect(slice.sessions.length + slice.records.length).toBeGreaterThan(0);
      sessionOffset += slice.sessions.length;
      offset += slice.records.length;
    }
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
    const slice = { group: GROUP, term: 1, index: 2, indexTerm: 1, lamport: 2, epoch: 0, lowWater: 0, named: 0, offset: 0, total: 0, records: [], sessionOffset: 0, sessionTotal: 0, sessions: [], configuration: FOUNDING, round: 0 };
    expect(said(tell(cluster, 1, 2, snapshotSlice(slice)))).toMatchObject([{ kind: 'snapshotReply', index: 2, done: true }]);
    expect(cluster.member(1).raft).toMatchObject({ commit: 2, lastIndex: 3 });
    expect(said(tell(cluster, 1, 2, snapshotSlice({ ...slice, index: 1 })))).toMatchObject([{ index: 1, done: true }]);
    expect(cluster.member(1).raft).toMatchObject({ commit: 2, lastIndex: 3 });
  });

  test('a slice that comes twice or too early is not taken in; another snapshot starts anew', () => {
    const cluster = new Cluster(3, 1);
    const records = Array.from({ length: 4 }, (_, i) => makeRecord(makeProposal(need(`n${i}`), 1, 'p' as ProposalId, nodeId(1), 1, 0), i + 1));
    const head = { group: GROUP, term: 1, index: 9, indexTerm: 1, lamport: 4, epoch: 0, lowWater: 0, named: 0, total: 4, sessionOffset: 0, sessionTotal: 0, sessions: [], configuration: FOUNDING, round: 0 };
    const slice = (offset: number, count: number, index = 9): RaftMessage => snapshotSlice({ ...head, index, offset, records: records.slice(offset, offset + count) });
    expect(said(tell(cluster, 1, 2, slice(2, 2)))).toMatchObject([{ offset: 0, done: false }]);
    expect(said(tell(cluster, 1, 2, slice(0, 2)))).toMatchObject([{ offset: 2, done: false }]);
    expect(said(tell(cluster, 1, 2, slice(0, 2)))).toMatchObject([{ offset: 2, done: false }]);
    expect(said(tell(cluster, 1, 2, slice(0, 1, 10)))).toMatchObject([{ index: 10, offset: 1, done: false }]);
    expect(said(tell(cluster, 1, 2, slice(1, 3, 10)))).toMatchObject([{ index: 10, done: true }]);
    expect(cluster.member(1).image().machine.records).toEqual(records);
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
  const message: fc.Arbitrary<RaftMessage> = fc.oneof(
    fc.tuple(fc.boolean(), number, number, number).map((a) => voteRequest(GROUP, ...a)),
    fc.tuple(fc.boolean(), number, fc.boolean()).map((a) => voteReply(GROUP, ...a)),
    fc.tuple(number, number, number, entries, number, number).map((a) => append(GROUP, ...a)),
    fc.tuple(number, fc.boolean(), number, number).map((a) => appendReply(GROUP, ...a)),
    fc.tuple(number, number, number, number, fc.boolean(), number).map((a) => snapshotReply(GROUP, ...a)),
    fc.record({ term: number, index: number, indexTerm: number, lamport: number, epoch: number, lowWater: number, named: number, offset: fc.nat(3), total: fc.nat(4), records: fc.array(record, { maxLength: 4 }), sessionOffset: fc.nat(2), sessionTotal: fc.nat(4), sessions: rows, configuration: fc.constant(FOUNDING), round: number }).map((s) => snapshotSlice({ group: GROUP, ...s })),
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
      voteRequest(GROUP, false, more, 0, 0), voteReply(GROUP, false, more, false), snapshotReply(GROUP, 1, more, 0, 0, false, 0),
    ];
    for (const message of beyond) expect(decoded(message), message.kind).toBe(false);
  });
});
