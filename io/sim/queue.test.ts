import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventQueue } from './queue.ts';

/** Takes and puts in any order; a list sorted by (time, order of arrival) is the model. */
function agreesWithModel(queue: EventQueue, commands: readonly (number | undefined)[]): void {
  const model: { time: number; order: number }[] = [];
  let order = 0;
  let now = 0;
  for (const command of commands) {
    if (command !== undefined) {
      model.push({ time: now + command, order });
      model.sort((a, b) => a.time - b.time || a.order - b.order);
      queue.push(now + command, order, { order });
      order++;
    } else if (model.length > 0) {
      const expected = model.shift() as { time: number; order: number };
      queue.pop();
      now = queue.time;
      expect([queue.time, queue.code, queue.payload]).toEqual([expected.time, expected.order, { order: expected.order }]);
    }
    expect(queue.size).toBe(model.length);
  }
}

const commands = fc.array(fc.option(fc.integer({ min: 0, max: 50 }), { nil: undefined, freq: 2 }), { maxLength: 900 });

describe('the event queue', () => {
  test('gives entries by time, and those of one time in the order they came, whatever is put in meanwhile', () => {
    fc.assert(fc.property(commands, (list) => agreesWithModel(new EventQueue(), list)), { numRuns: 200 });
  });

  test('keeps thousands of entries apart while it grows', () => {
    agreesWithModel(new EventQueue(), [...Array.from({ length: 3_000 }, (_, i) => (i * 7_919) % 1_013), ...Array.from({ length: 3_000 }, () => undefined)]);
  });
});
