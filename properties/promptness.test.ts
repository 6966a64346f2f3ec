import { describe, expect, test } from 'vitest';
import { MS } from '../kernel/base/time.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { RAFT_DEFAULTS } from '../kernel/parameters.ts';
import { promptness } from './promptness.ts';
import { first, N1, N2, N3, Stage } from './testing/stage.ts';

const SOON = RAFT_DEFAULTS.electionMinUs / 20;
const quiet = (): Stage => {
  const stage = new Stage(promptness);
  return stage.show((sink) => sink.healed?.(stage.time)).wait(stage.run.livenessBoundUs);
};
const node = { id: N1, up: true, out: false, kernel: undefined as Kernel | undefined, files: (): Record<string, Uint8Array> => ({}) };
const finished = (stage: Stage, nodes = [node]): Stage => stage.show((sink) => sink.finished?.({ now: stage.time, nodes }));

function ask(stage: Stage, count: number, us: number, at = N1): Stage {
  for (let i = 0; i < count; i++) stage.answer(stage.get('a', at), { kind: 'none' }, us);
  return stage;
}

describe('promptness', () => {
  test('is there where few have to wait', () => {
    expect(finished(ask(ask(quiet(), 75, MS), 25, 2 * SOON)).judgement).toEqual({ verdict: 'held', checks: 1 });
  });

  test('is missing where more than one in four does', () => {
    expect(finished(ask(ask(quiet(), 74, MS), 26, 2 * SOON)).violations[0]?.message).toBe(`on a quiet network 26 of 100 operations (get) took longer than ${SOON} us`);
  });

  test('is missing where leaders come and go', () => {
    const leading = (terms: number): Stage => {
      const stage = ask(quiet(), 50, MS);
      for (let term = 1; term <= terms; term++) stage.elect(N1, term, [N2]).append(N1, N3, term, 0, 0, [first(term)]);
      return finished(stage);
    };
    expect(leading(2).violations).toEqual([]);
    expect(leading(3).violations[0]?.message).toBe('on a quiet network 3 new leaders came in 1 groups');
  });

  test('is asked of no network with faults, of no node that is gone, of few operations, and not where time is not known', () => {
    const early = finished(ask(new Stage(promptness), 100, 2 * SOON));
    const gone = finished(ask(quiet().show((sink) => sink.damaged?.(N1, 0, true)), 100, 2 * SOON));
    const anew = quiet();
    finished(ask(anew.show((sink) => sink.faultBegan?.('drop', [N1], anew.time)), 100, 2 * SOON));
    const elsewhere = finished(ask(quiet(), 100, 2 * SOON), []);
    for (const stage of [early, gone, anew, elsewhere, finished(ask(quiet(), 29, 2 * SOON))]) expect(stage.judgement).toEqual({ verdict: 'not-exercised', checks: 0 });
  });
});
