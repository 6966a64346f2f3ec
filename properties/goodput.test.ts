import { describe, expect, test } from 'vitest';
import { SECOND } from '../kernel/base/time.ts';
import { RAFT_DEFAULTS } from '../kernel/parameters.ts';
import { goodput } from './goodput.ts';
import { N1, N2, Stage } from './testing/stage.ts';

const BOUND = 10 * RAFT_DEFAULTS.electionMaxUs;
const fault = (stage: Stage, kind: string): Stage => stage.show((sink) => sink.faultBegan?.(kind, [N1], stage.time)).wait(SECOND).show((sink) => sink.faultEnded?.(kind, [N1], stage.time));
/** Quiet, some time after a burst. */
const quiet = (): Stage => fault(new Stage(goodput), 'burst').wait(5 * SECOND);
const finished = (stage: Stage): Stage => stage.show((sink) => sink.finished?.({ now: stage.time, nodes: [] }));

function ask(stage: Stage, count: number, how: 'answered' | 'refused' | 'late' | 'never', node = N1): Stage {
  for (let i = 0; i < count; i++) {
    const asked = stage.get('a', node);
    if (how === 'answered') stage.answer(asked, { kind: 'none' });
    if (how === 'refused') stage.answer(asked, { kind: 'refused', why: 'overloaded' });
    if (how === 'late') stage.wait(3 * SECOND).answer(asked, { kind: 'none' });
  }
  return stage;
}

describe('goodput', () => {
  test('returned where nearly everything is answered', () => {
    expect(finished(ask(ask(quiet(), 100, 'answered'), 5, 'refused')).judgement).toEqual({ verdict: 'held', checks: 1 });
  });

  test.each(['refused', 'late', 'never'] as const)('has not returned where more than one in twenty is %s', (how) => {
    const stage = finished(ask(ask(quiet(), 100, 'answered'), 6, how).wait(3 * SECOND));
    expect(stage.violations[0]?.message).toBe('after a burst, 6 of 106 operations on a quiet network were not answered within 2000000 us');
  });

  test('is judged at the next fault, and anew after it', () => {
    const stage = fault(ask(quiet(), 100, 'answered'), 'burst');
    expect(finished(ask(stage.wait(5 * SECOND), 100, 'answered')).judgement).toEqual({ verdict: 'held', checks: 2 });
  });

  test('is not judged without a burst, too soon after it or after another fault, while a fault is on, or from a few operations', () => {
    const without = ask(new Stage(goodput).wait(BOUND), 100, 'refused');
    const soon = ask(fault(new Stage(goodput), 'burst').wait(SECOND), 100, 'refused');
    const other = ask(fault(fault(new Stage(goodput), 'kill'), 'burst').wait(5 * SECOND), 100, 'refused');
    const during = quiet().show((sink) => sink.faultBegan?.('drop', [N1], 0));
    const few = ask(quiet(), 49, 'refused');
    for (const stage of [without, soon, other, ask(during, 100, 'refused'), few]) expect(finished(stage).judgement).toEqual({ verdict: 'not-exercised', checks: 0 });
  });

  test('asks nothing of nodes that are down, damaged or turned away', () => {
    const stage = quiet().show((sink) => sink.crashed?.(N1, 'betweenTurns', 0));
    ask(stage, 100, 'refused');
    ask(stage, 100, 'answered', N2);
    expect(finished(stage).judgement).toEqual({ verdict: 'held', checks: 1 });
    const back = quiet().show((sink) => sink.crashed?.(N1, 'betweenTurns', 0)).show((sink) => sink.refolded?.(N1, 1, 0, 0, 0));
    expect(finished(ask(back, 100, 'refused')).violations.length).toBe(1);
  });
});
