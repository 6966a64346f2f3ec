// How fast the reference queue is here and now: entries taken out and put back later.

import { ReferenceQueue } from './queue.ts';

/** Operations (one out, one in) per second with `depth` entries waiting. */
export function referenceRate(depth: number, operations: number): number {
  const queue = new ReferenceQueue();
  let random = 12_345;
  const delay = (): number => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
    return 1 + (random & 0xffff);
  };
  for (let i = 0; i < depth; i++) queue.push(delay(), i, queue);
  const started = performance.now();
  for (let i = 0; i < operations; i++) {
    queue.pop();
    queue.push(queue.time + delay(), queue.code, queue.payload);
  }
  return operations / ((performance.now() - started) / 1_000);
}
