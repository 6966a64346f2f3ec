import { expect, test } from 'vitest';
import { EventQueue } from '../../io/sim/queue.ts';
import { ReferenceQueue } from './queue.ts';

test('the reference queue gives the same entries in the same order as the simulator\'s', () => {
  const reference = new ReferenceQueue();
  const queue = new EventQueue();
  let word = 1;
  for (let i = 0; i < 20_000; i++) {
    word = (Math.imul(word, 1_103_515_245) + 12_345) >>> 0;
    if (queue.size > 0 && word % 100 < 49) {
      queue.pop();
      reference.pop();
      expect([reference.time, reference.code]).toEqual([queue.time, queue.code]);
    } else {
      queue.push(queue.time + (word >>> 16) % 50, i, undefined);
      reference.push(queue.time + (word >>> 16) % 50, i, undefined);
    }
    expect(reference.size).toBe(queue.size);
  }
});
