import { expect, test } from 'vitest';
import { explanationOf, SURVIVORS } from '../../nemesis/mutants/survivors.ts';
import { sourceOf, subjects } from './drawn.ts';
import { sitesOf } from './sites.ts';

test.each(SURVIVORS.map((one) => [one.line, one] as const))('a slip that nobody can notice is still where it was explained: %s', (line, { file, operator }) => {
  expect(subjects()).toContain(file);
  const lines = sourceOf(file).split('\n');
  expect(sitesOf(file, sourceOf(file)).some((site) => site.operator === operator && lines[site.line - 1]?.trim() === line)).toBe(true);
});

test('another slip in the same line has no explanation', () => {
  const [{ file, line }] = SURVIVORS as [(typeof SURVIVORS)[number]];
  expect(explanationOf(file, line, 'comparison')).toBeUndefined();
  expect(explanationOf(file, 'another line', 'dropped')).toBeUndefined();
});
