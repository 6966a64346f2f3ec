import { describe, expect, test, vi } from 'vitest';
import { SECOND } from '../kernel/base/time.ts';
import { faultNamed } from '../nemesis/faults.ts';
import { properties } from '../properties/all.ts';
import { CONFORMING, CONFORM_FOR, resolveConforming } from './conforming.ts';
import { Figures } from './figures.ts';
import { SCENARIOS } from './list.ts';
import { readRunFile, writeRunFile } from './run-file-reading.ts';
import { execute } from './run.ts';

vi.setConfig({ testTimeout: 60_000 });

test('there are stories enough, long enough, and with names of their own', () => {
  expect(CONFORMING.length).toBeGreaterThanOrEqual(10);
  expect(CONFORMING.length * CONFORM_FOR).toBeGreaterThanOrEqual(20 * 60 * SECOND);
  expect(new Set([...CONFORMING, ...SCENARIOS].map((scenario) => scenario.name)).size).toBe(CONFORMING.length + SCENARIOS.length);
});

describe.each(CONFORMING.map(({ name }) => [name] as const))('%s', (name) => {
  test('is a run file that can be saved and read', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const run = resolveConforming(name, seed, 30 * SECOND);
      expect(readRunFile(writeRunFile(run))).toEqual({ ok: true, run });
      for (const episode of run.faults) {
        expect(episode.until).toBeLessThanOrEqual(run.healAt);
        expect(episode.strength).toBeLessThanOrEqual(faultNamed(episode.kind)?.strongest ?? -1);
      }
    }
  });

  test('holds in the simulator, above its goodput floor, with every fault really happening', () => {
    const run = resolveConforming(name, 1, 30 * SECOND);
    const figures = new Figures();
    const { result } = execute(run, properties, { checked: false, kernelVersion: 'test', listeners: [figures] });
    expect(result.broke).toBeUndefined();
    expect(result.properties.filter((property) => property.verdict === 'violated')).toEqual([]);
    expect(result.properties.find((property) => property.id === 'linearizability')?.verdict).toBe('held');
    for (const episode of run.faults) expect(result.faults[episode.kind]).toBeGreaterThan(0);
    const sum = figures.sum();
    expect([sum.invoked, sum.ok, sum.unknown]).toEqual([result.operations.invoked, result.operations.ok, result.operations.unknown]);
    expect(sum.p50Us).toBeGreaterThan(0);
    expect(sum.p95Us).toBeGreaterThanOrEqual(sum.p50Us);
    expect(sum.elections).toBeGreaterThan(0);
  });
});
