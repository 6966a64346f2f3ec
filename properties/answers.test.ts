import { describe, expect, test } from 'vitest';
import { groupId, nodeId } from '../kernel/base/ids.ts';
import { MS } from '../kernel/base/time.ts';
import type { Answer } from '../kernel/effect.ts';
import { DECIDE_DEFAULTS, RAFT_DEFAULTS } from '../kernel/parameters.ts';
import { configuration } from '../kernel/raft/configuration.ts';
import type { Wish } from '../kernel/raft/message.ts';
import { answers } from './answers.ts';
import { N1, N2, N3, recordOf, Stage } from './testing/stage.ts';

const GIVES_UP = DECIDE_DEFAULTS.giveUpUs + DECIDE_DEFAULTS.retryUs;
const NONE: Answer = { kind: 'none' };

/** A client asks node 1, which journals it. */
function asked(kind: 'get' | 'decide' = 'get'): { stage: Stage; reply: (answer: Answer) => Stage } {
  const stage = new Stage(answers);
  const invocation = kind === 'get' ? stage.get('a', N1) : stage.decide('a', 'p', N1);
  const request = { client: invocation.client, number: invocation.number };
  stage.durable(N1, { kind: 'request', request, operation: invocation.operation });
  return { stage, reply: (answer) => stage.show((sink) => sink.replied?.(N1, request, answer, stage.time)) };
}

function ordered(wish: Wish, answer: Answer): Stage {
  const stage = new Stage(answers);
  const request = { client: 0, number: 1 };
  stage.durable(N1, { kind: 'order', request, group: groupId(0), wish });
  return stage.show((sink) => sink.replied?.(N1, request, answer, stage.time));
}

/** Time goes on at node 1, and other things befall it. */
const later = (stage: Stage, us: number): Stage => stage.wait(us).durable(N1, { kind: 'parentHead', number: 1, hash: '', parent: '' }).durable(N1);

describe('answers', () => {
  test('are owed once', () => {
    const { stage, reply } = asked();
    expect(reply(NONE).judgement).toEqual({ verdict: 'held', checks: 1 });
    expect(reply(NONE).violations[0]?.message).toBe('node 1 answered one question twice');
    expect(stage.violations.length).toBe(1);
  });

  test('are owed before the node gives up, by its own time', () => {
    const { stage, reply } = asked();
    expect(later(stage, GIVES_UP - 10 * MS).violations).toEqual([]);
    expect(reply(NONE).violations).toEqual([]);
    const silent = asked().stage;
    expect(later(silent, GIVES_UP + 2 * MS).violations[0]?.message).toContain('node 1 has not answered for');
  });

  test('may come with the deadlines that were due while the node stood still', () => {
    const { stage, reply } = asked();
    stage.wait(2 * GIVES_UP).durable(N1).durable(N1);
    expect(reply(NONE).violations).toEqual([]);
    expect(later(stage, 1).judgement).toEqual({ verdict: 'held', checks: 1 });
  });

  test('are not owed by a process that has ended', () => {
    const { stage, reply } = asked();
    stage.show((sink) => sink.crashed?.(N1, 'betweenTurns', stage.time));
    expect(later(stage, 2 * GIVES_UP).violations).toEqual([]);
    expect(reply(NONE).judgement).toEqual({ verdict: 'not-exercised', checks: 0 });
  });

  test('are not given for ever by a node that was asked to stop', () => {
    const stops = (): Stage => new Stage(answers).durable(N1, { kind: 'drain' });
    expect(later(stops(), RAFT_DEFAULTS.electionMaxUs).violations).toEqual([]);
    expect(stops().wait(2 * RAFT_DEFAULTS.electionMaxUs).durable(N1, { kind: 'parentHead', number: 1, hash: '', parent: '' }).violations).toEqual([]);
    expect(later(stops(), 2 * RAFT_DEFAULTS.electionMaxUs).violations[0]?.message).toContain('node 1 was asked to stop, and goes on');
  });

  test('fit the question of a client', () => {
    for (const answer of [NONE, { kind: 'found', record: recordOf('a', 'p') }, { kind: 'tooOld', lowWater: 1 }, { kind: 'refused', why: 'unreachable' }] as const) expect(asked().reply(answer).violations).toEqual([]);
    for (const answer of [{ kind: 'full' }, { kind: 'unknown', why: 'timeout' }, { kind: 'decided', record: recordOf('a', 'p') }] as const) expect(asked().reply(answer).violations.length).toBe(1);
    for (const answer of [{ kind: 'full' }, { kind: 'unknown', why: 'timeout' }, { kind: 'lost', record: recordOf('a', 'q') }] as const) expect(asked('decide').reply(answer).violations).toEqual([]);
    for (const answer of [NONE, { kind: 'advanced', epoch: 1 }] as const) expect(asked('decide').reply(answer).violations.length).toBe(1);
  });

  test('fit the order of an operator', () => {
    const seats = [N1, N2].map((node) => ({ node, life: 0 }));
    const now = configuration(4, seats, [], [], { voters: [N1, N2], learners: [] });
    const says = (verdict: 'done' | 'superseded' | 'impossible'): Answer => ({ kind: 'ordered', verdict, configuration: now });
    const change = (number: number, voters = [N1, N2]): Wish => ({ kind: 'change', number, goal: { voters, learners: [] } });
    const fits = (wish: Wish, answer: Answer): boolean => ordered(wish, answer).violations.length === 0;
    expect([fits({ kind: 'members' }, says('done')), fits({ kind: 'members' }, says('superseded')), fits({ kind: 'members' }, { kind: 'unknown', why: 'timeout' })]).toEqual([true, false, false]);
    expect([fits(change(4), says('done')), fits(change(4, [N1, N3]), says('done'))]).toEqual([true, false]);
    expect([fits(change(3), says('superseded')), fits(change(4), says('superseded'))]).toEqual([true, false]);
    expect([fits(change(4, []), says('impossible')), fits(change(4, [N1, N3]), says('impossible'))]).toEqual([true, false]);
    expect([fits({ kind: 'handOver', to: N2 }, says('done')), fits({ kind: 'handOver', to: N2 }, says('impossible')), fits({ kind: 'handOver', to: nodeId(9) }, says('impossible'))]).toEqual([true, false, true]);
    expect([fits(change(4), { kind: 'refused', why: 'nonsense' }), fits(change(4), { kind: 'unknown', why: 'timeout' }), fits(change(4), NONE)]).toEqual([true, true, false]);
  });
});
