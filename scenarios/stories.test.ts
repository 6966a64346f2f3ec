import { describe, expect, test, vi } from 'vitest';
import { SECOND } from '../kernel/base/time.ts';
import type { RunFile } from '../io/sim/run-file.ts';
import { FAULTS } from '../nemesis/faults.ts';
import { SCENARIOS } from './list.ts';
import { execute, resolve } from './run.ts';

/** The most kinds of fault that are on at one moment of a run. */
function mostAtOnce(run: RunFile): number {
  return Math.max(0, ...run.faults.map(({ from }) => new Set(run.faults.filter((other) => other.from <= from && other.until > from).map((other) => other.kind)).size));
}

vi.setConfig({ testTimeout: 120_000 });

const eventful = SCENARIOS.filter((scenario) => scenario.name !== 'steady-decides');

describe.each(eventful.map((scenario) => [scenario.name] as const))('%s', (name) => {
  test('is at least sixty seconds long, with three kinds of fault at one moment, whatever the seed', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const run = resolve(seed, { scenario: name });
      expect(run.forUs).toBeGreaterThanOrEqual(60 * SECOND);
      expect(mostAtOnce(run)).toBeGreaterThanOrEqual(3);
      expect(run.workload.goodputPer1000s * run.forUs).toBeGreaterThanOrEqual(200 * 1_000 * SECOND);
    }
  });

  test('can be told of any number of nodes, for any time, with any faults', () => {
    for (const nodes of [1, 2, 3, 4, 6, 9]) {
      for (const faults of ['none', 'all', ['kill'], ['bit-rot']] as const) {
        const run = resolve(5, { scenario: name, nodes, forUs: 3 * SECOND, faults });
        expect([run.nodes, run.forUs]).toEqual([nodes, 3 * SECOND]);
        if (faults === 'none') expect(run.faults).toEqual([]);
      }
    }
  });
});

describe.each(eventful.filter(({ name }) => name !== 'hundred-nodes').map((scenario) => [scenario.name] as const))('a run of %s', (name) => {
  test('stays above its goodput floor, and above two hundred acknowledged operations', () => {
    const run = resolve(11, { scenario: name });
    const { result } = execute(run, [], { checked: false, kernelVersion: 'test' });
    expect(result.broke).toBeUndefined();
    expect(result.simulatedUs).toBeGreaterThanOrEqual(60 * SECOND);
    expect(result.operations.ok).toBeGreaterThan(200);
    expect(result.operations.ok * 1_000 * SECOND).toBeGreaterThan(run.workload.goodputPer1000s * result.simulatedUs);
  });
});

describe('overload', () => {
  test('fills registers and inboxes in most runs, and says so to clients', () => {
    const reached = [1, 2, 3].map((seed) => new Set(execute(resolve(seed, { scenario: 'overload' }), [], { checked: false, kernelVersion: 'test' }).result.marks.hit));
    for (const mark of ['answer/full', 'answer/refused', 'dropped/inboxFull']) expect(reached.filter((marks) => marks.has(mark)).length, mark).toBeGreaterThan(1);
  });
});

describe('steady-decides', () => {
  test('has the faults that are asked for, and all of them if so', () => {
    expect(resolve(1, { faults: 'none' }).faults).toEqual([]);
    expect(new Set(resolve(1, { faults: ['kill'] }).faults.map((episode) => episode.kind))).toEqual(new Set(['kill']));
    const kinds = new Set(resolve(1, { faults: 'all' }).faults.map((episode) => episode.kind));
    for (const fault of FAULTS) if (fault.needs === undefined && fault.damages !== true) expect(kinds.has(fault.name)).toBe(true);
  });

  test('serves a hundred decides a second, all of them', () => {
    const { result } = execute(resolve(1, { forUs: 10 * SECOND, faults: 'none' }), [], { checked: false, kernelVersion: 'test' });
    expect(result.operations.invoked).toBeGreaterThan(1_000);
    expect(result.operations.ok).toBe(result.operations.invoked);
  });
});
