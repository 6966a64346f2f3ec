import { expect, test } from 'vitest';
import { duration, grouped, moment, plural, short } from './quantities.ts';

test('numbers are grouped by thousands', () => {
  expect([0, 999, 1_000, 1_234_567].map(grouped)).toEqual(['0', '999', '1,000', '1,234,567']);
});

test('rates have about three digits', () => {
  expect([0.25, 7, 99.44, 100.4, 9_999, 12_345, 4_560_000, 2.5e9].map(short)).toEqual(['0.3', '7', '99.4', '100', '9,999', '12.3 k', '4.56 M', '2.50 G']);
});

test('durations are in the largest unit that fits', () => {
  expect([1, 1_500, 250_000, 1_500_000, 30_000_000, 600_000_000, 3_660_000_000].map(duration)).toEqual(['1 us', '1.50 ms', '250 ms', '1.50 s', '30.0 s', '10 m 00 s', '1 h 01 m 00 s']);
  expect(moment(1_000_001)).toBe('1.000001 s');
});

test('one is singular', () => {
  expect([plural(1, 'run'), plural(2, 'run'), plural(0, 'property', 'properties')]).toEqual(['1 run', '2 runs', '0 properties']);
});
