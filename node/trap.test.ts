import { expect, test } from 'vitest';
import { HostReached, trapped } from './trap.ts';

const reaches: readonly (readonly [string, () => unknown])[] = [
  ['Date', () => Date.now()],
  ['Date', () => new Date(0)],
  ['Date', () => Date()],
  ['Math.random', () => Math.random()],
  ['Math.pow', () => Math.pow(2, 0.5)],
  ['Math.sin', () => Math.sin(1)],
  ['setTimeout', () => setTimeout(() => undefined, 0)],
  ['setInterval', () => setInterval(() => undefined, 1)],
  ['setImmediate', () => setImmediate(() => undefined)],
  ['queueMicrotask', () => queueMicrotask(() => undefined)],
  ['fetch', () => fetch('http://localhost')],
  ['performance.now', () => performance.now()],
  ['process.hrtime', () => process.hrtime.bigint()],
  ['process.hrtime', () => process.hrtime()],
  ['process.nextTick', () => process.nextTick(() => undefined)],
  ['crypto.getRandomValues', () => crypto.getRandomValues(new Uint8Array(1))],
  ['crypto.randomUUID', () => crypto.randomUUID()],
  ['Intl', () => new Intl.Collator()],
  ['String.prototype.localeCompare', () => 'a'.localeCompare('b')],
];

test.each(reaches)('%s throws inside the simulation and works again after it', (what, reach) => {
  expect(() => trapped(reach)).toThrow(HostReached);
  expect(() => trapped(reach)).toThrow(what);
  const before = [Date.now, Math.random, setTimeout, performance.now];
  expect(trapped(() => 7)).toBe(7);
  expect([Date.now, Math.random, setTimeout, performance.now]).toEqual(before);
  expect(Date.now()).toBeGreaterThan(0);
});

test('what the kernel may use stays in reach', () => {
  expect(trapped(() => Math.imul(3, 4) + Math.floor(1.5) + Math.max(1, 2))).toBe(15);
});
