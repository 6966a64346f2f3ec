// Properties of single nodes and of their clients, each shown evidence that it must accept and evidence that it must refuse.

import { describe, expect, test } from 'vitest';
import type { NodeId } from '../kernel/base/ids.ts';
import type { Cause } from '../kernel/event.ts';
import type { Fact } from '../kernel/fact.ts';
import { hello } from '../kernel/hello.ts';
import { RAFT_DEFAULTS } from '../kernel/parameters.ts';
import { append } from '../kernel/raft/message.ts';
import { barrier } from './barrier.ts';
import { deterministicReplay } from './deterministic-replay.ts';
import { durability } from './durability.ts';
import { facts } from './facts.ts';
import { freshEffects } from './fresh-effects.ts';
import { gpuInventory } from './gpu-inventory.ts';
import { incarnations } from './incarnations.ts';
import { liveness } from './liveness.ts';
import { monotonicTime } from './monotonic-time.ts';
import { parentChain } from './parent-chain.ts';
import { bodyOf, decides, first, G0, N1, N2, N3, need, opens, recordOf, Stage } from './testing/stage.ts';

const message = (stage: Stage): string => stage.judgement.violation?.message ?? 'nothing';
const announce = (stage: Stage, node: NodeId, fact: Fact): Stage => stage.show((sink) => sink.fact?.(node, fact, stage.time, stage.time));
const refold = (stage: Stage, node: NodeId, sequence: number, digest: number): Stage =>
  stage.show((sink) => sink.crashed?.(node, 'betweenTurns', stage.time)).show((sink) => sink.restarted?.(node, stage.time)).show((sink) => sink.refolded?.(node, sequence, digest, digest, stage.time));
const heartbeat = append(G0, 1, 0, 0, [], 0, 0);

describe('P2, deterministic replay', () => {
  const lived = (): Stage => new Stage(deterministicReplay).durable(N1, undefined, undefined, 7).durable(N1, undefined, undefined, 8);

  test('holds where a restart refolds to the digest that was durable, or finds a tail that nobody saw', () => {
    expect(refold(lived(), N1, 2, 8).judgement).toEqual({ verdict: 'held', checks: 1 });
    expect(refold(lived(), N1, 3, 99).judgement).toEqual({ verdict: 'not-exercised', checks: 0 });
  });

  test('catches another state, a missing tail, and a shadow that disagrees', () => {
    expect(message(refold(lived(), N1, 2, 9))).toBe('refolding the journal up to place 2 gave another state than before the crash');
    expect(message(refold(lived(), N1, 1, 7))).toBe('a restart came back at journal place 1, though 2 was durable before the crash');
    expect(message(lived().show((sink) => sink.shadowed?.(N1, 2, false, 0)))).toContain('disagrees with the node that wrote it, at place 2');
  });

  test('catches a start from what bit rot has left', () => {
    const rotten = lived().show((sink) => sink.damaged?.(N1, 50, true));
    expect(message(refold(rotten, N1, 1, 7))).toBe('a restart came back at journal place 1, though 2 was durable before the crash');
  });

  test('an older copy may be started from, and is still compared', () => {
    const damaged = lived().show((sink) => sink.damaged?.(N1, 0, false));
    expect(refold(damaged, N1, 1, 7).judgement).toEqual({ verdict: 'held', checks: 1 });
    expect(message(refold(lived().show((sink) => sink.damaged?.(N1, 0, false)), N1, 1, 6))).toContain('gave another state');
  });
});

describe('barrier', () => {
  test('holds for what leaves after its cause is durable', () => {
    const stage = new Stage(barrier).durable(N1).send(N1, N2, heartbeat);
    const invocation = stage.decide('a', 'x');
    stage.durable(N1, { kind: 'request', request: { client: invocation.client, number: invocation.number }, operation: invocation.operation });
    expect(stage.answer(invocation, { kind: 'decided', record: recordOf('a', 'x') }).judgement).toEqual({ verdict: 'held', checks: 2 });
  });

  test('catches a frame, a call and an answer that leave early', () => {
    expect(message(new Stage(barrier).durable(N1).send(N1, N2, heartbeat, 2))).toBe('a frame (append) left node 1 before its cause was on disk: caused at journal place 2, durable up to 1');
    expect(message(new Stage(barrier).show((sink) => sink.called?.(N1, 1, 0, { service: 'gpu', ask: 'inventory' }, 0)))).toContain('a call (gpu) left node 1');
    const stage = new Stage(barrier);
    expect(message(stage.answer(stage.decide('a', 'x'), { kind: 'decided', record: recordOf('a', 'x') }))).toBe('node 1 answered a client before the request was on its disk');
  });

  test('a refusal may come before anything is written', () => {
    const stage = new Stage(barrier);
    expect(stage.answer(stage.get('a'), { kind: 'refused', why: 'overloaded' }).violations).toEqual([]);
  });
});

describe('fresh effects', () => {
  const limit = RAFT_DEFAULTS.electionMinUs;

  test('an old heartbeat is late, other frames are not', () => {
    const stage = new Stage(freshEffects).durable(N1).send(N1, N2, heartbeat).durable(N1).wait(limit - 1_000).send(N1, N2, heartbeat);
    expect(stage.judgement).toEqual({ verdict: 'held', checks: 2 });
    stage.durable(N1).wait(2 * limit).send(N1, N2, append(G0, 1, 0, 0, [first(1)], 0, 0));
    expect(stage.violations).toEqual([]);
    expect(message(stage.send(N1, N2, heartbeat))).toContain(`after ${limit} us it must be dropped`);
  });

  test('the clock of the sender may begin anywhere', () => {
    const stage = new Stage(freshEffects);
    for (let k = 0; k < 3; k++) stage.wait(limit).durable(N1).send(N1, N2, heartbeat, undefined, 1, stage.time + 1e12);
    expect(stage.judgement).toEqual({ verdict: 'held', checks: 3 });
  });
});

describe('monotonic time', () => {
  test('holds along a journal and over a restart', () => {
    const stage = new Stage(monotonicTime).durable(N1, undefined, 10).durable(N1, undefined, 10);
    expect(refold(stage, N1, 2, 0).durable(N1, undefined, 11).judgement).toEqual({ verdict: 'held', checks: 3 });
  });

  test('catches time that goes back, and places that are missing', () => {
    expect(message(new Stage(monotonicTime).durable(N1, undefined, 10).durable(N1, undefined, 9))).toBe('time went back on node 1: an event is stamped 9 us, the one before it 10 us');
    expect(message(refold(new Stage(monotonicTime).durable(N1, undefined, 10), N1, 1, 0).durable(N1, undefined, 9))).toContain('time went back');
    expect(message(refold(new Stage(monotonicTime).durable(N1).durable(N1), N1, 1, 0).durable(N1))).toBe('the journal of node 1 goes on at place 3 where 2 was to come');
  });
});

describe('incarnations', () => {
  const starts = (incarnation: number): Cause => ({ kind: 'recovered', incarnation, tag: 5, reborn: false });

  test('holds where they grow', () => {
    const stage = new Stage(incarnations).durable(N1, starts(1)).send(N1, N2, heartbeat, 1, 1).durable(N1, starts(2)).send(N1, N2, heartbeat, 2, 2);
    expect(stage.judgement).toEqual({ verdict: 'held', checks: 3 });
  });

  test('catches one that does not grow, speaks after a later one, or has two tags', () => {
    expect(message(new Stage(incarnations).durable(N1, starts(2)).durable(N1, starts(2)))).toBe('node 1 started as incarnation 2, after it had been incarnation 2');
    expect(message(new Stage(incarnations).send(N1, N2, heartbeat, 0, 2).send(N1, N2, heartbeat, 0, 1))).toBe('node 1 spoke as incarnation 1, after it had spoken as incarnation 2');
    const says = (tag: number) => hello(2, tag, 1, 's', true, false, 0);
    expect(message(new Stage(incarnations).send(N1, N2, says(5), 0, 2).send(N1, N3, says(6), 0, 2))).toBe('two starts of node 1 call themselves incarnation 2');
  });

  test('catches a node that was turned away though it had lost nothing', () => {
    const away = (stage: Stage): Stage => stage.show((sink) => sink.refused?.(N1, 'node 2 remembers that it was further', 7));
    expect(message(away(new Stage(incarnations)))).toBe('node 1 was turned away, and nothing that it had acknowledged was lost');
    expect(away(new Stage(incarnations).putBack(N1)).judgement).toEqual({ verdict: 'held', checks: 1 });
  });

  test('a damaged node that started again is not judged: it is not itself', () => {
    const stage = new Stage(incarnations).send(N1, N2, heartbeat, 0, 3).putBack(N1);
    expect(stage.send(N1, N2, heartbeat, 0, 2).violations).toEqual([]);
  });
});

describe('durability', () => {
  const acknowledged = (): Stage => {
    const stage = new Stage(durability);
    return stage.answer(stage.decide('a', 'x'), { kind: 'decided', record: recordOf('a', 'x') });
  };

  test('counts acknowledged decides that a later read finds', () => {
    const stage = acknowledged();
    expect(stage.judgement.verdict).toBe('not-exercised');
    expect(stage.answer(stage.get('a'), { kind: 'found', record: recordOf('a', 'x') }).judgement).toEqual({ verdict: 'held', checks: 1 });
    expect(stage.answer(stage.get('a'), { kind: 'tooOld', lowWater: 1 }).violations).toEqual([]);
  });

  test('catches one that is gone, or replaced', () => {
    const gone = acknowledged();
    expect(message(gone.answer(gone.get('a', N2), { kind: 'none' }))).toBe('an acknowledged decide is gone: a later get got "none"');
    const replaced = acknowledged();
    expect(message(replaced.answer(replaced.get('a'), { kind: 'found', record: recordOf('a', 'y', 4) }))).toContain('another record (proposal "y" at lamport 4)');
  });

  test('a read that began before the acknowledgement proves nothing', () => {
    const stage = new Stage(durability);
    const read = stage.get('a');
    stage.wait(10).answer(stage.decide('a', 'x'), { kind: 'decided', record: recordOf('a', 'x') });
    expect(stage.answer(read, { kind: 'none' }).violations).toEqual([]);
  });
});

describe('facts', () => {
  const decided = (index: number, id = 'x', lamport = 1): Fact => ({ kind: 'decided', group: G0, index, need: need('a'), proposal: recordOf('a', id).proposal.proposal, lamport });
  const leads: Fact = { kind: 'becameLeader', group: G0, term: 1 };
  const committed = (): Stage => {
    const stage = new Stage(facts).durable(N1).elect(N1, 1, [N2]);
    announce(stage, N1, leads).append(N1, N2, 1, 0, 0, [first(1), opens(1), decides(1, 2, 1, bodyOf('a', 'x')), decides(1, 2, 2, bodyOf('b', 'y'))]);
    return stage.acknowledge(N2, N1, 1, 4);
  };

  test('hold where they agree with the wire', () => {
    expect(announce(committed(), N1, decided(3)).judgement).toEqual({ verdict: 'held', checks: 2 });
  });

  test('are caught when forged', () => {
    expect(message(announce(committed(), N1, decided(2)))).toContain('announces a decide at index 2 of group 0 that the committed log does not hold');
    expect(message(announce(committed(), N1, decided(3, 'y')))).toContain('that the committed log does not hold');
    expect(message(announce(committed(), N1, decided(3, 'x', 9)))).toContain('that the committed log does not hold');
    expect(message(announce(committed(), N1, decided(9)))).toContain('a quorum acknowledged up to 4 only');
    expect(message(announce(committed(), N3, { kind: 'becameLeader', group: G0, term: 1 }))).toContain('got 0 votes of the 2');
    expect(message(announce(committed(), N3, { kind: 'epochAdvanced', group: G0, epoch: 1 }))).toContain('the committed log is in epoch 0');
    expect(message(announce(committed(), N3, { kind: 'snapshotInstalled', group: G0, index: 2, term: 7 }))).toContain('not what is committed there');
  });

  test('are caught when left out', () => {
    const silent = new Stage(facts).durable(N1).elect(N1, 1, [N2]).append(N1, N2, 1, 0, 0, [first(1)]);
    expect(message(silent.durable(N1).append(N1, N2, 1, 1, 1, []))).toBe('node 1 leads term 1 of group 0 and has not announced it');
    expect(message(committed().show((sink) => sink.finished?.({ now: 0, nodes: [] })))).toBe('group 0 made 2 records, and no node announced a decide');
    expect(message(announce(announce(committed(), N1, decided(3)), N1, decided(3)))).toContain('one was announced again');
  });

  test('that a crash cut off are not missed', () => {
    const stage = refold(announce(committed(), N1, decided(3)), N1, 1, 0);
    const second: Fact = { kind: 'decided', group: G0, index: 4, need: need('b'), proposal: recordOf('b', 'y').proposal.proposal, lamport: 2 };
    expect(announce(stage, N1, second).violations).toEqual([]);
  });
});

describe('parent chain', () => {
  const head = (number: number, hash: string, parent: string): Cause => ({ kind: 'parentHead', number, hash, parent });
  const adopts = (number: number, hash: string): Fact => ({ kind: 'parentFinalised', number, hash });
  const follow = (stage: Stage, node: NodeId, number: number, hash: string, parent: string): Stage => announce(stage.durable(node, head(number, hash, parent)), node, adopts(number, hash));

  test('holds where two nodes adopt one chain', () => {
    const stage = new Stage(parentChain);
    for (const node of [N1, N2]) follow(follow(stage, node, 1, 'a', ''), node, 2, 'b', 'a');
    expect(stage.judgement).toEqual({ verdict: 'held', checks: 2 });
  });

  test('catches an unreported head, one that extends nothing, and two chains', () => {
    expect(message(announce(new Stage(parentChain), N1, adopts(1, 'a')))).toContain('was never reported to it');
    expect(message(follow(follow(new Stage(parentChain), N1, 1, 'a', ''), N1, 2, 'b', 'z'))).toContain('does not extend its head at height 1');
    expect(message(follow(follow(new Stage(parentChain), N1, 1, 'a', ''), N2, 1, 'b', ''))).toBe('nodes 1 and 2 adopted different parent heads at height 1');
  });
});

describe('GPU inventory', () => {
  const lists = (...ids: string[]): Cause => ({
    kind: 'outcome', sequence: 1, index: 0, outcome: { kind: 'ok', answer: { service: 'gpu', devices: ids.map((id) => ({ id, memoryMb: 80, usedMb: 0 })) } },
  });
  const found = (device: string, memoryMb = 80): Fact => ({ kind: 'gpuFound', device, memoryMb });
  const lost = (device: string): Fact => ({ kind: 'gpuLost', device });

  test('holds where announcements are what the driver said', () => {
    const stage = announce(new Stage(gpuInventory).durable(N1, lists('a')), N1, found('a'));
    expect(announce(stage.durable(N1, lists()), N1, lost('a')).judgement).toEqual({ verdict: 'held', checks: 2 });
  });

  test('catches a device from nowhere, another memory, a loss that nobody saw, and one thing twice', () => {
    const begin = (): Stage => new Stage(gpuInventory).durable(N1, lists('a'));
    expect(message(announce(begin(), N1, found('b')))).toContain('as found, which no answer of its driver says');
    expect(message(announce(begin(), N1, found('a', 90)))).toContain('as found, which no answer of its driver says');
    expect(message(announce(announce(begin(), N1, found('a')), N1, lost('a')))).toContain('as lost, which no answer of its driver says');
    expect(message(announce(announce(begin(), N1, found('a')), N1, found('a')))).toBe('node 1 announced a device twice as found');
  });
});

describe('liveness', () => {
  const bound = 10 * RAFT_DEFAULTS.electionMaxUs;
  const healed = (): Stage => {
    const stage = new Stage(liveness);
    return stage.show((sink) => sink.healed?.(stage.time)).wait(bound + 1);
  };

  test('holds where clients are served in time', () => {
    const stage = healed();
    expect(stage.answer(stage.get('a'), { kind: 'none' }).judgement).toEqual({ verdict: 'held', checks: 1 });
  });

  test('catches a client that is not', () => {
    const unknown = healed();
    expect(message(unknown.answer(unknown.decide('a', 'x'), { kind: 'unknown', why: 'timeout' }))).toBe('a client of a healed network got "unknown" (timeout)');
    const silent = healed();
    silent.get('a');
    expect(message(silent.show((sink) => sink.finished?.({ now: silent.time, nodes: [] })))).toBe('a client of a healed network got no answer');
  });

  test('does not judge before the bound, nor what is asked of a node that is down', () => {
    const early = new Stage(liveness);
    early.answer(early.show((sink) => sink.healed?.(early.time)).get('a'), { kind: 'refused', why: 'unreachable' });
    const down = healed().show((sink) => sink.refused?.(N1, 'damaged', 0));
    down.answer(down.get('a'), { kind: 'refused', why: 'unreachable' });
    expect([...early.violations, ...down.violations]).toEqual([]);
  });
});
