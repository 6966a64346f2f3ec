import { expect, test } from 'vitest';
import { readCount, readDuration, readSeed, readSeeds, readWord, readWords } from './arguments.ts';
import { Complaint } from './complaint.ts';

const complaint = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof Complaint) return error.message;
    throw error;
  }
  return '';
};

test('durations are read to the microsecond', () => {
  expect(readDuration('10m')).toBe(600_000_000);
  expect(readDuration('30s')).toBe(30_000_000);
  expect(readDuration('500ms')).toBe(500_000);
  expect(readDuration('1.5s')).toBe(1_500_000);
});

test.each(['', '10', 'm', '-1s', '1e3s', '10 m', '0s', '25h', '10M', '1..2s'])('"%s" is no duration', (text) => {
  expect(complaint(() => readDuration(text))).toContain('--for');
});

test.each(['', 'x', '-1', '1.5', '0x10', '9007199254740992', '1e3', ' 1', '1 '])('"%s" is no seed', (text) => {
  expect(complaint(() => readSeed(text))).toContain('whole number');
});

test('every safe integer from zero is a seed', () => {
  expect(readSeed('0')).toBe(0);
  expect(readSeed('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
});

test('a range of seeds includes both ends', () => {
  expect(readSeeds('1..1000')).toEqual({ from: 1, to: 1000 });
  expect(readSeeds('7..7')).toEqual({ from: 7, to: 7 });
});

test.each(['1', '1..', '..5', '5..1', '1...5', 'a..b', '1..200000000', '-1..5'])('"%s" is no range of seeds', (text) => {
  expect(complaint(() => readSeeds(text))).toContain('--seeds expects');
});

test('counts stay within their bounds', () => {
  expect(readCount('5', '--nodes', 1, 100)).toBe(5);
  for (const text of ['0', '101', 'x', '', '5.0']) expect(complaint(() => readCount(text, '--nodes', 1, 100))).toBe(`--nodes expects a whole number from 1 to 100, got "${text}"`);
});

test('an unknown word is answered with the nearest valid one', () => {
  expect(readWord('loss', 'fault', ['loss', 'delay'])).toBe('loss');
  expect(complaint(() => readWord('los', 'fault', ['delay', 'loss']))).toBe('unknown fault "los": did you mean "loss"? (expected one of: delay, loss)');
  expect(readWords('loss, delay,loss', 'fault', ['loss', 'delay'])).toEqual(['loss', 'delay']);
  expect(complaint(() => readWords('', 'fault', ['loss']))).toContain('did you mean "loss"?');
});
