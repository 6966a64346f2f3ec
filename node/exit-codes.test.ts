import { expect, test } from 'vitest';
import { failureOf } from '../reports/sweep-report.ts';
import type { PropertyReport, RunReport } from '../reports/run-report.ts';
import { SAMPLE } from '../reports/sample.ts';
import type { SweepReport } from '../reports/sweep-report.ts';
import { exitCodeOfRun } from './run-outcome.ts';
import { exitCodeOfSweep } from './sweep.ts';

const [held, unsafe, idle] = SAMPLE.properties as [PropertyReport, PropertyReport, PropertyReport];
const late: PropertyReport = { ...idle, verdict: 'violated' };
const broke = { message: 'two is three', node: 2, atUs: 5, stack: '' };
const run = (properties: readonly PropertyReport[], threw: boolean): RunReport => ({ ...SAMPLE, properties, ...(threw ? { broke } : {}) });

/** From the gravest to the mildest, and what a run of each exits with. */
const RUNS: readonly (readonly [string, RunReport, number])[] = [
  ['a safety property was violated, and our own code threw', run([held, unsafe, late], true), 1],
  ['a safety property was violated, and so was liveness', run([held, unsafe, late], false), 1],
  ['our own code threw, and liveness was violated', run([held, late], true), 70],
  ['our own code threw', run([held, idle], true), 70],
  ['liveness was violated', run([held, late], false), 3],
  ['nothing happened', run([held, idle], false), 0],
];

const swept = (reports: readonly RunReport[], found: Partial<SweepReport> = {}): number =>
  exitCodeOfSweep({ failed: reports.map(failureOf).filter((one) => one !== undefined), repeated: { runs: 1, checkedRuns: 0, disagreements: [] }, neverExercised: [], neverHit: [], ...found } as unknown as SweepReport);

test.each(RUNS)('%s', (_what, report, code) => {
  expect(exitCodeOfRun(report)).toBe(code);
  expect(swept([report])).toBe(code);
});

test('of a sweep: the gravest of its runs, with non-determinism between our bugs and liveness', () => {
  const at = (place: number): RunReport => (RUNS[place] as (typeof RUNS)[number])[1];
  const repeated = { runs: 1, checkedRuns: 0, disagreements: [{ seed: 1, scenario: 's', digest: 'a', digestElsewhere: 'b', replay: '' }] };
  expect(swept([at(4), at(3), at(1)], { repeated })).toBe(1);
  expect(swept([at(4), at(3)], { repeated })).toBe(70);
  expect(swept([at(4)], { repeated })).toBe(4);
  expect(swept([at(5)], { canary: { caught: false, by: [] } })).toBe(1);
  expect(swept([at(5)], { neverExercised: ['P1'] })).toBe(1);
  expect(swept([at(5)], { neverHit: ['answer/full'] })).toBe(1);
});
