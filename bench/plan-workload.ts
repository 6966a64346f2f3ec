// What the plan store and its peers are all asked to do: the same keys and values, by the same authors, delivered in one order.

import { Random } from '../kernel/base/random.ts';
import { batchCodec } from '../kernel/plan/batch.ts';
import { decode, encode } from '../kernel/base/codec.ts';
import type { Body, Op } from '../kernel/plan/op.ts';
import { Plan } from '../kernel/plan/plan.ts';

export const THREAD = 'thread-1';
const MAX_BYTES = 64 * 1024 * 1024;

export interface Written {
  readonly author: number;
  readonly body: Body;
  /** The same as an entry of a map. */
  readonly map: 'tasks' | 'links' | 'notes' | 'states';
  readonly key: string;
  readonly value: string;
}

const STATE_NAMES = ['DRAFT', 'DECIDED', 'VERIFIED', 'FINAL'];

/** A quarter tasks, a quarter links (one in twenty against the grain), the rest notes and states. No author has seen the others. */
export function workload(seed: number, count: number, authors: number, prefix = 't'): readonly Written[] {
  const random = Random.of(seed, 'plan workload');
  const out: Written[] = [];
  const tasks = Math.ceil(count / 4);
  const name = (i: number): string => `${prefix}${i}`;
  for (let i = 0; i < count; i++) {
    const author = random.below(authors);
    const task = name(random.below(Math.max(1, Math.min(tasks, out.length))));
    if (i < tasks) {
      const title = `task number ${i}`;
      out.push({ author, body: { kind: 'ADD_TASK', task: name(i), title }, map: 'tasks', key: name(i), value: title });
    } else if (i % 3 === 0) {
      const [a, b] = [random.below(tasks), random.below(tasks)];
      const [low, high] = a < b ? [a, b] : [b, a];
      const [parent, child] = random.chance(50_000) ? [name(high), name(low)] : [name(low), name(high)];
      out.push({ author, body: { kind: 'LINK', parent, child }, map: 'links', key: `${parent}>${child}`, value: '1' });
    } else if (i % 3 === 1) {
      const rank = 1 + random.below(3);
      out.push({ author, body: { kind: 'STATE', task, generation: 0, rank }, map: 'states', key: task, value: STATE_NAMES[rank] as string });
    } else {
      const [key, value] = [`k${random.below(4)}`, `value ${random.below(1_000)}`];
      out.push({ author, body: { kind: 'ANNOTATE', task, key, value }, map: 'notes', key: `${task}/${key}`, value });
    }
  }
  return out;
}

/** The ops as their authors make them, each knowing only its own. */
export function authored(written: readonly Written[]): readonly Op[] {
  const plans: Plan[] = [];
  return written.map(({ author, body }) => {
    const plan = (plans[author] ??= new Plan());
    const it = plan.author(`author-${author}`, THREAD, body);
    plan.apply(it);
    return it;
  });
}

/** All that a batch must answer at its end, and that no peer is asked for. */
export function looked(plan: Plan): number {
  const thread = plan.of(THREAD);
  if (thread === undefined) return 0;
  return thread.readyTasks(100).length + thread.topological().length + thread.rejectedCount;
}

/** Ops come as bytes, some at a time; after each batch the views are asked for. */
export function applied(packets: readonly Uint8Array[], perBatch: number, plan: Plan = new Plan()): Plan {
  for (let i = 0; i < packets.length; i++) {
    take(plan, packets[i] as Uint8Array);
    if ((i + 1) % perBatch === 0 || i + 1 === packets.length) looked(plan);
  }
  return plan;
}

export function take(plan: Plan, bytes: Uint8Array): void {
  const decoded = decode(batchCodec, bytes, MAX_BYTES);
  if (!decoded.ok) throw new Error(decoded.reason);
  for (const entry of decoded.value) {
    const verdict = plan.apply(entry);
    if (verdict !== 'new') throw new Error(`an op of the workload is "${verdict}"`);
  }
}

/** What `to` lacks of `from`, as bytes. */
export const delta = (from: Plan, to: Plan): Uint8Array => encode(batchCodec, [...from.missing(to.vector())]);
