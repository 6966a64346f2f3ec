import { describe, expect, test, vi } from 'vitest';
import { MS, SECOND, type Micros } from '../kernel/base/time.ts';
import type { Evidence, Property } from '../io/sim/evidence.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import { properties } from '../properties/all.ts';
import { execute, resolve } from './run.ts';
import { attempting, type Attempt } from './trial.ts';
import { why, type Why } from './why.ts';

vi.setConfig({ testTimeout: 120_000 });

const attemptsFor = (...judging: Property[]): Attempt => attempting(judging, { checked: false, kernelVersion: 'test' }, undefined, (run) => run());

/** A bug that is done when a frame is dropped by chance, and shows much later. */
function showsLater(): { readonly property: Property; readonly culprits: Micros[] } {
  const culprits: Micros[] = [];
  const property: Property = {
    id: 'late', claim: 'a claim', kind: 'safety', scope: 'global',
    watch: (run) => {
      let lostAt = 0;
      return {
        lost: (_frame, reason, now) => {
          if (reason !== 'dropped' || lostAt > 0) return;
          lostAt = now;
          culprits.push(now);
        },
        sent: (frame, now) => {
          if (lostAt > 0 && now > lostAt + 800 * MS) run.violated('late', { message: 'it shows', at: now, nodes: [frame.from] });
        },
        judge: () => ({ verdict: 'held', checks: 1 }),
      };
    },
  };
  return { property, culprits };
}

function dropping(): RunFile {
  const run = resolve(6, { scenario: 'steady-decides', nodes: 3, forUs: 6 * SECOND, faults: 'none' });
  const workload = { ...run.workload, decidesPer1000s: 20_000, getsPer1000s: 5_000 };
  return { ...run, groups: 1, workload, healAt: 5 * SECOND, faults: [{ kind: 'drop', from: SECOND, until: 5 * SECOND, nodes: [1], strength: 10_000 }] };
}

function asked(samples: number, events = 1_000_000): { readonly found: Why; readonly culprit: Micros } {
  const { property, culprits } = showsLater();
  const attempt = attemptsFor(property);
  const run = dropping();
  const first = attempt(run);
  return { found: why(run, first, attempt, { samples, events, goOn: () => true }), culprit: culprits[0] as Micros };
}

describe('why', () => {
  const { found, culprit } = asked(12);

  test('names the very entry that decided it, long before it showed', () => {
    expect(found.failure.at).toBeGreaterThan(culprit + 800 * MS);
    expect(found.sameness).toBe('said alike');
    expect(found.turn.within).toBe(1);
    expect(found.turn.at).toBe(culprit);
    expect(found.turn.seen.join('\n')).toContain('is lost (dropped)');
    expect(found.turn.before).toBeLessThan(0.6);
    expect(found.turn.after).toBe(1);
  });

  test('draws a curve that is low before and certain after', () => {
    const { entry } = found.turn;
    expect(found.moments.map((moment) => moment.after)).toEqual(found.moments.map((moment) => moment.after).toSorted((a, b) => a - b));
    for (const moment of found.moments.filter((one) => one.after >= entry)) expect(moment.failed).toBe(moment.samples);
    const early = found.moments.filter((one) => one.after < entry / 2);
    expect(early.length).toBeGreaterThan(3);
    for (const moment of early) expect(moment.failed).toBeLessThan(moment.samples);
  });

  test('says the same every time', () => expect(asked(4).found).toEqual(asked(4).found));

  test('that may not search says how far it got', () => {
    expect(asked(6, 10_000).found.turn.within).toBeGreaterThan(1);
  });

  test('of a run that fails whatever chance brings says so, and when it was clear that it would be this failure', () => {
    const always: Property = {
      id: 'always', claim: 'a claim', kind: 'safety', scope: 'global',
      watch: (run) => ({
        sent: (frame, now) => {
          if (now > 900 * MS) run.violated('always', { message: 'somebody speaks', at: now, nodes: [frame.from] });
        },
        judge: () => ({ verdict: 'held', checks: 1 }),
      }),
    };
    const attempt = attemptsFor(always);
    const run = dropping();
    const found = why(run, attempt(run), attempt, { samples: 12, events: 1_000_000, goOn: () => true });
    expect(found.sameness).toBe('the very one');
    expect(found.failure.at).toBeGreaterThan(900 * MS);
    expect(found.turn.at).toBeGreaterThan(850 * MS);
    expect(found.turn.before).toBeLessThan(0.6);
  });
});

describe('a run of which the rest is drawn anew', () => {
  const seen = (run: RunFile, reroll?: { after: number; seed: number }): string[] => {
    const lines: string[] = [];
    const listener: Evidence = { sent: (frame, now) => void lines.push(`${now} ${frame.from}>${frame.to} ${frame.message.kind}`) };
    execute(run, [], { checked: false, kernelVersion: 'test', listeners: [listener], ...(reroll === undefined ? {} : { reroll }) });
    return lines;
  };
  const story = (seed: number): RunFile => resolve(seed, { scenario: 'rolling-restarts', forUs: 8 * SECOND });

  test('is the same up to there, and another one with each seed after it', () => {
    const whole = seen(story(1));
    const one = seen(story(1), { after: 4_000, seed: 1 });
    const two = seen(story(1), { after: 4_000, seed: 2 });
    const differs = (a: readonly string[], b: readonly string[]): number => a.findIndex((line, place) => line !== b[place]);
    for (const place of [differs(whole, one), differs(whole, two), differs(one, two)]) expect(place).toBeGreaterThan(500);
    expect(seen(story(1), { after: 4_000, seed: 1 })).toEqual(one);
  });

  test('keeps every promise: journals refold to the same states, whenever a node restarts', () => {
    let refolded = 0;
    const listener: Evidence = { refolded: (_node, sequence) => void (refolded += sequence > 0 ? 1 : 0) };
    for (const [seed, after] of [[1, 3_000], [2, 6_000], [3, 9_000], [4, 5_000]] as const) {
      for (const checked of [false, true]) {
        const { result, rerolledAt } = execute(story(seed), properties, { checked, kernelVersion: 'test', listeners: [listener], reroll: { after, seed: 99 } });
        expect(rerolledAt).toBeGreaterThan(SECOND);
        expect(result.broke).toBeUndefined();
        expect(result.properties.filter((property) => property.verdict === 'violated')).toEqual([]);
      }
    }
    expect(refolded).toBeGreaterThan(20);
  });
});
