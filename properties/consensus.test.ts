// Properties of one replicated log, each shown evidence that it must accept and evidence that it must refuse.

import { describe, expect, test } from 'vitest';
import type { Judgement } from '../io/sim/evidence.ts';
import { sha256 } from '../kernel/base/hash.ts';
import { sessionId, type NodeId } from '../kernel/base/ids.ts';
import { CHUNK_BYTES } from '../kernel/content.ts';
import type { Fact } from '../kernel/fact.ts';
import type { DecideRecord } from '../kernel/decide/record.ts';
import { founding } from '../kernel/raft/configuration.ts';
import { readReply, snapshotChunk, snapshotReply, submit, submitReply, voteReply, type SessionRow } from '../kernel/raft/message.ts';
import { SnapshotContent } from '../kernel/raft/transfer.ts';
import { exactlyOnce } from './exactly-once.ts';
import { electionSafety } from './election-safety.ts';
import { leaderCompleteness } from './leader-completeness.ts';
import { logMatching } from './log-matching.ts';
import { singleDecide } from './single-decide.ts';
import { snapshotTransfer } from './snapshot-transfer.ts';
import { stateMachineSafety } from './state-machine-safety.ts';
import { bodyOf, decides, first, G0, N1, N2, N3, opens, recordOf, Stage } from './testing/stage.ts';

const FOUNDING = founding([N1, N2, N3]);

describe('election safety', () => {
  test('holds for leaders of different terms, each with a quorum', () => {
    const stage = new Stage(electionSafety).elect(N1, 1, [N2]).append(N1, N2, 1, 0, 0, []).elect(N2, 2, [N3]).append(N2, N3, 2, 0, 0, []);
    expect(stage.judgement).toEqual({ verdict: 'held', checks: 2 });
  });

  test('says not-exercised where nobody led', () => {
    expect(new Stage(electionSafety).judgement).toEqual({ verdict: 'not-exercised', checks: 0 });
  });

  test('catches two leaders in a term', () => {
    const stage = new Stage(electionSafety).elect(N1, 3, [N2]).append(N1, N2, 3, 0, 0, []).append(N3, N2, 3, 0, 0, []);
    expect(stage.judgement.violation?.message).toBe('two leaders in term 3 of group 0: node 1, then node 3');
  });

  test('catches a voter that votes for two candidates, and a candidate that votes for another', () => {
    expect(new Stage(electionSafety).elect(N1, 3, [N2]).elect(N3, 3, [N2]).judgement.violation?.message).toBe('node 2 voted twice in term 3 of group 0: for node 1, then for node 3');
    expect(new Stage(electionSafety).elect(N1, 3, []).send(N1, N3, voteReply(G0, false, 3, true)).judgement.violation?.message).toContain('node 1 voted twice');
  });

  test('a pre-vote is no vote', () => {
    const stage = new Stage(electionSafety).send(N2, N1, voteReply(G0, true, 3, true)).send(N2, N3, voteReply(G0, true, 3, true));
    expect(stage.violations).toEqual([]);
  });

  test('catches a leader without a quorum', () => {
    expect(new Stage(electionSafety).elect(N1, 1, []).append(N1, N2, 1, 0, 0, []).judgement.violation?.message).toContain('with 1 votes, and needs 2');
  });

  test('a node put back to an old copy does not count with those who had heard more from it, and does with others', () => {
    const stage = (witness: NodeId): Stage => new Stage(electionSafety).putBack(N2, witness).elect(N1, 1, [N2]).append(N1, N2, 1, 0, 0, []);
    expect(stage(N1).judgement.violation?.message).toContain('with 1 votes, and needs 2');
    expect(stage(N3).violations).toEqual([]);
  });

  test('does not judge terms that began before the evidence, and judges those after', () => {
    const begun = (): Stage => new Stage(electionSafety).show((sink) => sink.beginsAmid?.(N1, G0, 3));
    expect(begun().append(N1, N2, 3, 0, 0, []).append(N3, N2, 2, 0, 0, []).judgement).toEqual({ verdict: 'not-exercised', checks: 0 });
    expect(begun().append(N1, N2, 4, 0, 0, []).judgement.violation?.message).toContain('with 0 votes, and needs 2');
  });

  test('catches a term that goes back', () => {
    const stage = new Stage(electionSafety).acknowledge(N2, N1, 5, 0).acknowledge(N2, N1, 4, 0);
    expect(stage.judgement.violation?.message).toBe('node 2 spoke in term 4 of group 0, after it had spoken in term 5');
  });
});

describe('log matching', () => {
  test('holds where leaders of two terms disagree about what is not committed', () => {
    const stage = new Stage(logMatching).append(N1, N2, 1, 0, 0, [first(1), opens(1)]).append(N3, N2, 2, 1, 1, [first(2)]).append(N1, N2, 1, 0, 0, [first(1), opens(1)]);
    expect(stage.acknowledge(N2, N3, 2, 2).judgement).toEqual({ verdict: 'held', checks: 2 });
  });

  test('catches two entries of one term at one index', () => {
    const stage = new Stage(logMatching).append(N1, N2, 1, 0, 0, [first(1), opens(1, N1, 1)]).append(N1, N3, 1, 1, 1, [opens(1, N1, 2)]);
    expect(stage.judgement.violation?.message).toBe('two different entries of term 1 at index 2 of group 0');
  });

  test('catches it in what another leader of a later term displaced', () => {
    const stage = new Stage(logMatching).append(N1, N2, 1, 0, 0, [first(1), opens(1, N1, 1)]).append(N3, N2, 2, 1, 1, [first(2)]).append(N1, N3, 1, 1, 1, [opens(1, N1, 2)]);
    expect(stage.judgement.violation?.message).toBe('two different entries of term 1 at index 2 of group 0');
  });

  test('catches one entry with two predecessors, and terms that fall', () => {
    const stage = new Stage(logMatching).append(N1, N2, 2, 0, 0, [first(1), opens(2)]).append(N1, N3, 2, 1, 2, [opens(2)]);
    expect(stage.judgement.violation?.message).toBe('one entry with two different predecessors at index 2 of group 0: of term 1, then of term 2');
    expect(new Stage(logMatching).append(N1, N2, 2, 0, 0, [first(2), opens(1)]).judgement.violation?.message).toBe('terms fall along a log at index 2 of group 0: 1 after 2');
  });
});

describe('leader completeness', () => {
  test('holds for a leader that has what was committed', () => {
    const stage = new Stage(leaderCompleteness).commit(opens(1)).append(N2, N3, 2, 2, 1, [first(2)]).acknowledge(N3, N2, 2, 3).append(N2, N3, 2, 3, 2, [], 3);
    expect(stage.judgement).toEqual({ verdict: 'held', checks: 1 });
  });

  test('says nothing of a log whose beginning is not in the evidence', () => {
    const stage = new Stage(leaderCompleteness).show((sink) => sink.beginsAmid?.(N1, G0, 1)).append(N1, N2, 2, 90, 1, [first(2)], 90);
    expect(stage.judgement).toEqual({ verdict: 'not-exercised', checks: 0 });
  });

  test('catches a later leader that puts something else where an entry is committed, or builds on another', () => {
    expect(new Stage(leaderCompleteness).commit(opens(1)).append(N3, N2, 2, 1, 1, [first(2)]).judgement.violation?.message).toBe(
      'node 3 puts an entry of term 2 at index 2 of group 0, where one of term 1 is committed',
    );
    expect(new Stage(leaderCompleteness).commit(opens(1)).append(N3, N2, 3, 2, 2, []).judgement.violation?.message).toContain('node 3 puts an entry of term 2 at index 2');
  });

  test('an old leader may still send what it had', () => {
    const stage = new Stage(leaderCompleteness).append(N3, N2, 1, 0, 0, [first(1), opens(1)]);
    stage.append(N1, N2, 2, 1, 1, [first(2)]).acknowledge(N2, N1, 2, 2).append(N3, N2, 1, 1, 1, [opens(1)], 0);
    expect(stage.violations).toEqual([]);
  });

  test('catches a commit by counting replicas of an entry of an older term', () => {
    const stage = new Stage(leaderCompleteness).append(N1, N2, 1, 0, 0, [first(1)]).append(N3, N2, 2, 1, 1, []).acknowledge(N2, N3, 2, 1);
    expect(stage.violations).toEqual([]);
    expect(stage.append(N3, N2, 2, 1, 1, [], 1).judgement.violation?.message).toBe('node 3 says that index 1 of group 0 is committed; a quorum acknowledged up to 0 only');
  });

  test('does not count acknowledgements of other terms, to others, or of voters put back to an old copy', () => {
    const claims = (stage: Stage): boolean => stage.append(N1, N2, 1, 1, 1, [], 1).violations.length > 0;
    const begin = (): Stage => new Stage(leaderCompleteness).append(N1, N2, 1, 0, 0, [first(1)]);
    expect(claims(begin().acknowledge(N2, N1, 1, 1))).toBe(false);
    expect(claims(begin().acknowledge(N2, N3, 1, 1))).toBe(true);
    expect(claims(begin().acknowledge(N2, N1, 2, 1))).toBe(true);
    expect(claims(begin().putBack(N2, N1).acknowledge(N2, N1, 1, 1, 2))).toBe(true);
    expect(claims(begin().putBack(N2, N3).acknowledge(N2, N1, 1, 1, 2))).toBe(false);
    // Said before the damage, and heard after it: who hears it remembers it, and will refuse who forgot it.
    expect(claims(begin().putBack(N2, N1).acknowledge(N2, N1, 1, 1, 1))).toBe(false);
  });

  test('catches a snapshot of what is not committed', () => {
    const chunk = snapshotChunk({ group: G0, term: 1, index: 9, indexTerm: 1, content: 'f'.repeat(64), length: 1, offset: 0, bytes: new Uint8Array(1), round: 0 });
    expect(new Stage(leaderCompleteness).commit(opens(1)).send(N1, N3, chunk).judgement.violation?.message).toBe('node 1 sends a snapshot at index 9 of group 0, which is not committed');
  });
});

describe('state machine safety', () => {
  const decided = (): Stage => new Stage(stateMachineSafety).commit(opens(1), decides(1, 2, 1, bodyOf('a', 'x')), decides(1, 2, 2, bodyOf('a', 'y')));

  test('holds where answers say what the log says', () => {
    const stage = decided().send(N1, N2, submitReply(G0, sessionId(2), 1, { kind: 'decided', record: recordOf('a', 'x', 1) }));
    stage.send(N1, N2, submitReply(G0, sessionId(2), 2, { kind: 'lost', record: recordOf('a', 'x', 1) }));
    stage.send(N1, N2, readReply(G0, 7, { kind: 'found', record: recordOf('a', 'x', 1) }));
    expect(stage.judgement).toEqual({ verdict: 'held', checks: 3 });
  });

  test('catches another outcome, another lamport, another proposal, and what was never committed', () => {
    const message = (stage: Stage): string => stage.judgement.violation?.message ?? 'nothing';
    expect(message(decided().send(N1, N2, submitReply(G0, sessionId(2), 2, { kind: 'decided', record: recordOf('a', 'x', 1) })))).toContain('with "decided" where the committed log gives "lost"');
    expect(message(decided().send(N1, N2, submitReply(G0, sessionId(2), 1, { kind: 'decided', record: recordOf('a', 'x', 2) })))).toContain('or with another record');
    expect(message(decided().send(N3, N2, readReply(G0, 7, { kind: 'found', record: recordOf('a', 'y', 1) })))).toBe('node 3 shows a record of group 0 on the wire that the committed log does not hold');
    const stage = decided();
    expect(message(stage.answer(stage.get('b'), { kind: 'found', record: recordOf('b', 'z', 1) }))).toContain('in an answer to a client');
    expect(message(decided().send(N3, N2, readReply(G0, 7, { kind: 'tooOld', lowWater: 3 })))).toContain('says epochs below 3 are forgotten');
  });

  test('compares snapshots as they stood at their index', () => {
    const row: SessionRow = { session: sessionId(2), opener: N1, nonce: 1, used: 3, answered: 0, outcomes: [] };
    const stored = (records: readonly DecideRecord[], rows: readonly SessionRow[]): Judgement => {
      const content = new SnapshotContent(G0, { index: 3, term: 1, configuration: FOUNDING, machine: { lamport: 1, epoch: 0, lowWater: 0, named: 0, records }, rows });
      return decided().show((sink) => sink.called?.(N1, 1, 0, { service: 'content', ask: 'put', owner: G0, content }, 5_000)).judgement;
    };
    expect(stored([recordOf('a', 'x', 1)], [row])).toEqual({ verdict: 'held', checks: 2 });
    expect(stored([recordOf('a', 'x', 1)], []).violation?.message).toContain('differs from the committed log');
    expect(stored([recordOf('a', 'y', 1)], [row]).violation?.message).toContain('in a snapshot');
  });

  test('counts a session once: a retried command ticks nothing', () => {
    const entry = decides(1, 2, 1, bodyOf('a', 'x'));
    const stage = new Stage(stateMachineSafety).commit(opens(1), entry, entry, decides(1, 2, 2, bodyOf('b', 'z')));
    expect(stage.send(N1, N2, readReply(G0, 1, { kind: 'found', record: recordOf('b', 'z', 2) })).judgement.verdict).toBe('held');
  });
});

describe('P1, single decide', () => {
  test('counts only contested needs with a crash or a partition meanwhile', () => {
    const contested = (trouble: boolean): Stage => {
      const stage = new Stage(singleDecide);
      const one = stage.decide('a', 'x');
      const two = stage.decide('a', 'y');
      if (trouble) stage.show((sink) => sink.crashed?.(N3, 'betweenTurns', 0));
      return stage.answer(one, { kind: 'decided', record: recordOf('a', 'x') }).answer(two, { kind: 'lost', record: recordOf('a', 'x') });
    };
    expect(contested(true).judgement).toEqual({ verdict: 'held', checks: 1 });
    expect(contested(false).judgement).toEqual({ verdict: 'not-exercised', checks: 0 });
  });

  test('catches two proposals, wherever they are shown', () => {
    const stage = new Stage(singleDecide);
    stage.answer(stage.decide('a', 'x'), { kind: 'decided', record: recordOf('a', 'x') });
    stage.send(N2, N3, readReply(G0, 1, { kind: 'found', record: recordOf('a', 'y') }));
    expect(stage.judgement.violation?.message).toBe('two proposals were decided for one need: "x" in an answer to a client, then "y" on the wire');
    const log = new Stage(singleDecide).commit(opens(1), decides(1, 2, 1, bodyOf('a', 'x')));
    log.answer(log.get('a'), { kind: 'found', record: recordOf('a', 'y') });
    expect(log.judgement.violation?.evidence?.[1]).toContain('in the committed log');
  });

  test('catches two proposals in the states of two nodes at rest', () => {
    const stage = new Stage(singleDecide).show((sink) => sink.holds?.(N1, recordOf('a', 'x'), 1)).show((sink) => sink.holds?.(N2, recordOf('a', 'x'), 2));
    expect(stage.violations).toEqual([]);
    expect(stage.show((sink) => sink.holds?.(N3, recordOf('a', 'y'), 3)).judgement.violation?.message).toBe('two proposals were decided for one need: "x" in the state of a node, then "y" in the state of a node');
  });
});

describe('exactly once', () => {
  test('holds for retries under one session', () => {
    const stage = new Stage(exactlyOnce);
    stage.decide('a', 'x');
    const entry = decides(1, 2, 1, bodyOf('a', 'x'));
    const asks = submit(G0, sessionId(2), 1, 0, bodyOf('a', 'x'));
    expect(stage.send(N1, N2, asks).send(N1, N3, asks).commit(opens(1), entry, entry).judgement).toEqual({ verdict: 'held', checks: 2 });
  });

  test('catches one invocation applied under two sessions', () => {
    const stage = new Stage(exactlyOnce);
    stage.decide('a', 'x');
    stage.commit(opens(1, N1, 1), opens(1, N1, 2), decides(1, 2, 1, bodyOf('a', 'x')), decides(1, 3, 1, bodyOf('a', 'x')));
    expect(stage.judgement.violation?.message).toBe('a proposal that was invoked 1 times was applied 2 times in group 0');
  });

  test('a client may invoke it again', () => {
    const stage = new Stage(exactlyOnce);
    stage.decide('a', 'x');
    stage.decide('a', 'x', N2);
    stage.commit(opens(1, N1, 1), opens(1, N2, 2), decides(1, 2, 1, bodyOf('a', 'x')), decides(1, 3, 1, bodyOf('a', 'x')));
    expect(stage.violations).toEqual([]);
  });
});

describe('snapshot transfer', () => {
  const records = Array.from({ length: 400 }, (_, i) => recordOf(`n${String(i).padEnd(40, 'x')}`, 'x', i + 1));
  const content = new SnapshotContent(G0, { index: 9, term: 1, configuration: FOUNDING, machine: { lamport: 400, epoch: 0, lowWater: 0, named: 0, records }, rows: [] });
  const bytes = content.bytes();
  const name = sha256(bytes);
  const offsets = Array.from({ length: Math.ceil(bytes.length / CHUNK_BYTES) }, (_, place) => place * CHUNK_BYTES);
  const stored = (): Stage => new Stage(snapshotTransfer).show((sink) => sink.called?.(N1, 1, 0, { service: 'content', ask: 'put', owner: G0, content }, 5_000));
  const hears = (stage: Stage, offset: number, flipped = false): Stage => {
    const chunk = bytes.slice(offset, offset + CHUNK_BYTES);
    if (flipped) chunk[5] = (chunk[5] as number) ^ 1;
    const message = snapshotChunk({ group: G0, term: 1, index: 9, indexTerm: 1, content: name, length: bytes.length, offset, bytes: chunk, round: 0 });
    return stage.durable(N3, { kind: 'message', from: N1, incarnation: 1, sent: 1, message });
  };
  const wants = (stage: Stage, offset: number): Stage => stage.send(N3, N1, snapshotReply(G0, 1, 9, name, offset, 'wanting', 0));
  const announces = (stage: Stage, fact: Fact): Judgement => stage.show((sink) => sink.fact?.(N3, fact, 0, 6_000)).judgement;
  const installed: Fact = { kind: 'snapshotInstalled', group: G0, index: 9, term: 1 };
  const damaged: Fact = { kind: 'contentDamaged', group: G0, index: 9, content: name };

  test('holds where all chunks arrive, in whatever order and however often, and the next one is asked for', () => {
    const stage = stored();
    expect(offsets.length).toBeGreaterThan(1);
    for (const offset of [...offsets.toReversed(), ...offsets]) hears(stage, offset);
    wants(stage, CHUNK_BYTES);
    expect(announces(stage, installed)).toEqual({ verdict: 'held', checks: 2 });
  });

  test('catches who installs what did not arrive, or not intact', () => {
    const stage = stored();
    for (const offset of offsets.slice(1)) hears(stage, offset);
    expect(announces(stage, installed).violation?.message).toContain('that it did not get whole');
    const flipped = stored();
    for (const offset of offsets) hears(flipped, offset, offset === 0);
    expect(announces(flipped, installed).violation?.evidence?.[0]).toContain('and others damaged');
  });

  test('catches who says that he has more than arrived', () => {
    expect(wants(hears(stored(), 0), CHUNK_BYTES).judgement).toEqual({ verdict: 'held', checks: 1 });
    expect(wants(hears(stored(), CHUNK_BYTES), CHUNK_BYTES).judgement.violation?.message).toContain(`wants byte ${CHUNK_BYTES}`);
  });

  test('catches who takes for damaged what is not', () => {
    expect(announces(hears(stored(), 0, true), damaged)).toEqual({ verdict: 'held', checks: 1 });
    expect(announces(hears(stored(), 0), damaged).violation?.message).toContain('nothing but intact chunks arrived');
  });

  test('catches who stores what is no snapshot, and judges nothing where it does not know the content', () => {
    const junk = { hash: 1, bytes: (): Uint8Array => new Uint8Array(3) };
    expect(new Stage(snapshotTransfer).show((sink) => sink.called?.(N1, 1, 0, { service: 'content', ask: 'put', owner: G0, content: junk }, 5_000)).judgement.verdict).toBe('violated');
    expect(announces(hears(new Stage(snapshotTransfer), 0), installed).verdict).toBe('not-exercised');
  });
});
