import { expect, test } from 'vitest';
import { editDistance, nearest } from './nearest.ts';

test('the distance is that of known pairs', () => {
  expect(editDistance('kitten', 'sitting')).toBe(3);
  expect(editDistance('', 'abc')).toBe(3);
  expect(editDistance('abc', '')).toBe(3);
  expect(editDistance('same', 'same')).toBe(0);
  expect(editDistance('smi', 'sim'), 'neighbours swapped').toBe(1);
});

test('a mistyped word finds the one that was meant', () => {
  expect(nearest('smi', ['sim', 'replay', 'bench'])).toBe('sim');
  expect(nearest('stedy-decides', ['contested-need', 'steady-decides'])).toBe('steady-decides');
  expect(nearest('stale-read', ['raft/commit-regress', 'raft/stale-read'])).toBe('raft/stale-read');
  expect(nearest('hundred', ['leader-cut-off', 'hundred-nodes'])).toBe('hundred-nodes');
  expect(nearest('stedy', ['contested-need', 'all', 'steady-decides']), 'a part of a word').toBe('steady-decides');
  expect(nearest('zzzzzz', ['sim']), 'something is always nearest').toBe('sim');
  expect(nearest('sim', [])).toBeUndefined();
});
