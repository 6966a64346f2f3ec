// An independent oracle: the ops sorted and folded from the start, cycles found by a plain search. Slow, and obvious.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../base/codec.ts';
import { batchCodec, type Entry } from './batch.ts';
import { meaning, planImage, planImageCodec, restorePlan } from './image.ts';
import { op, STATES, type Body, type Op } from './op.ts';
import { Plan } from './plan.ts';
import type { Task, Thread } from './thread.ts';

interface ModelTask {
  title: string | undefined;
  addedBy: string | undefined;
  generation: number;
  state: string;
  notes: Record<string, string>;
  requires: string[];
  produces: string[];
}

/** Everything of one thread that a person could ask for, as plain data. */
interface Picture {
  tasks: Record<string, ModelTask>;
  held: string[];
  rejected: string[];
  ready: string[];
  byState: Record<string, string[]>;
  parents: Record<string, string[]>;
  children: Record<string, string[]>;
  ancestors: Record<string, string[]>;
  descendants: Record<string, string[]>;
}

const keyOf = (it: Op): string => `${String(it.lamport).padStart(16, '0')} ${it.actor} ${it.id}`;

function model(all: readonly Op[], thread: string): Picture {
  const unique = [...new Map(all.filter((it) => it.thread === thread).map((it) => [it.id, it])).values()];
  const ops = unique.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const tasks: Record<string, ModelTask> = {};
  const task = (name: string): ModelTask => (tasks[name] ??= { title: undefined, addedBy: undefined, generation: 0, state: 'DRAFT', notes: {}, requires: [], produces: [] });
  const held: { id: string; parent: string; child: string }[] = [];
  const rejected: string[] = [];
  const reaches = (from: string, to: string): boolean => from === to || held.some((link) => link.parent === from && reaches(link.child, to));
  for (const { body, id } of ops) {
    if (body.kind === 'LINK') {
      task(body.parent);
      task(body.child);
      if (reaches(body.child, body.parent)) rejected.push(id);
      else held.push({ id, parent: body.parent, child: body.child });
      continue;
    }
    const one = task(body.task);
    if (body.kind === 'ADD_TASK' && one.title === undefined) [one.title, one.addedBy] = [body.title, id];
    if (body.kind === 'ANNOTATE') one.notes[body.key] = body.value;
    if (body.kind === 'REQUIRES' && !one.requires.includes(body.artifact)) one.requires.push(body.artifact);
    if (body.kind === 'PRODUCES' && !one.produces.includes(body.artifact)) one.produces.push(body.artifact);
  }
  for (const [name, one] of Object.entries(tasks)) {
    const said = ops.map((it) => it.body);
    while (said.some((body) => body.kind === 'REOPEN' && body.task === name && body.generation === one.generation)) one.generation++;
    const ranks = said.flatMap((body) => (body.kind === 'STATE' && body.task === name && body.generation === one.generation ? [body.rank] : []));
    one.state = STATES[Math.max(0, ...ranks)] as string;
    one.requires.sort();
    one.produces.sort();
  }
  const isDone = (name: string): boolean => ['VERIFIED', 'FINAL'].includes((tasks[name] as ModelTask).state);
  const inOrder = ops.flatMap(({ id, body }) => (body.kind === 'ADD_TASK' && tasks[body.task]?.addedBy === id ? [body.task] : []));
  const waits = (name: string): boolean =>
    held.some((link) => link.child === name && !isDone(link.parent)) ||
    (tasks[name] as ModelTask).requires.some((artifact) => {
      const others = Object.keys(tasks).filter((other) => other !== name && (tasks[other] as ModelTask).produces.includes(artifact));
      return others.length > 0 && !others.some(isDone);
    });
  const relation = (test: (a: string, b: string) => boolean): Record<string, string[]> => Object.fromEntries(inOrder.map((name) => [name, inOrder.filter((other) => test(name, other))]));
  const linked = (a: string, b: string): boolean => held.some((link) => link.parent === a && link.child === b);
  return {
    tasks, held: held.map((link) => link.id), rejected,
    ready: inOrder.filter((name) => (tasks[name] as ModelTask).state === 'DRAFT' && !waits(name)),
    byState: Object.fromEntries(STATES.map((state) => [state, inOrder.filter((name) => (tasks[name] as ModelTask).state === state)])),
    parents: relation((name, other) => linked(other, name)),
    children: relation((name, other) => linked(name, other)),
    ancestors: relation((name, other) => name !== other && reaches(other, name)),
    descendants: relation((name, other) => name !== other && reaches(name, other)),
  };
}

const names = (tasks: readonly Task[]): string[] => tasks.map((task) => task.name);

function picture(thread: Thread): Picture {
  const added = thread.tasks.filter((task) => task.added !== undefined);
  const value = (it: Op): string => (it.body.kind === 'ANNOTATE' ? it.body.value : '');
  const relation = (of: (task: Task) => readonly Task[]): Record<string, string[]> => Object.fromEntries(added.map((task) => [task.name, names(of(task))]));
  const order = thread.links.inOrder();
  const idOf = (link: number): string => (thread.links.ops[link] as Op).id;
  return {
    tasks: Object.fromEntries(thread.tasks.map((task) => [task.name, {
      title: task.added?.body.kind === 'ADD_TASK' ? task.added.body.title : undefined, addedBy: task.added?.id, generation: task.generation, state: STATES[task.rank] as string,
      notes: Object.fromEntries([...task.notes].map(([key, it]) => [key, value(it)])), requires: [...task.requires.keys()].sort(), produces: [...task.produces.keys()].sort(),
    }])),
    held: order.filter((link) => thread.links.holds(link)).map(idOf), rejected: order.filter((link) => !thread.links.holds(link)).map(idOf),
    ready: names(thread.readyTasks(1_000)),
    byState: Object.fromEntries(STATES.map((state, rank) => [state, names(thread.inState(rank))])),
    parents: relation((task) => thread.parents(task)), children: relation((task) => thread.children(task)),
    ancestors: relation((task) => thread.ancestors(task)), descendants: relation((task) => thread.descendants(task)),
  };
}

/** The order shows every added task once, and no task before one of its parents. */
function expectTopological(thread: Thread): void {
  const order = thread.topological();
  expect(new Set(order).size).toBe(thread.tasks.filter((task) => task.added !== undefined).length);
  const place = new Map(order.map((task, i) => [task, i]));
  for (const task of order) for (const parent of thread.parents(task)) expect(place.get(parent) as number).toBeLessThan(place.get(task) as number);
}

const TASKS = ['a', 'b', 'c', 'd', 'e', 'f'];
const ACTORS = ['ann', 'bob', 'cid'];
const THREADS = ['north', 'south'];

const taskName = fc.constantFrom(...TASKS);
const artifact = fc.constantFrom('x', 'y');
const body: fc.Arbitrary<Body> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant('ADD_TASK' as const), task: taskName, title: fc.constantFrom('one', 'two') }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant('LINK' as const), parent: taskName, child: taskName }), weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant('REQUIRES' as const), task: taskName, artifact }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('PRODUCES' as const), task: taskName, artifact }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('STATE' as const), task: taskName, generation: fc.nat(2), rank: fc.nat(3) }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant('REOPEN' as const), task: taskName, generation: fc.nat(2) }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant('ANNOTATE' as const), task: taskName, key: fc.constantFrom('k', 'l'), value: fc.constantFrom('1', '2', '3') }), weight: 2 },
);

/** Authors who each count their own ops, and whose times are anything: also liars'. */
const history: fc.Arbitrary<Op[]> = fc
  .array(fc.record({ actor: fc.constantFrom(...ACTORS), thread: fc.constantFrom(...THREADS), lamport: fc.integer({ min: 1, max: 12 }), body }), { maxLength: 40 })
  .map((drafts) => {
    const counts = new Map<string, number>();
    return drafts.map((draft) => {
      const seq = (counts.get(draft.actor) ?? 0) + 1;
      counts.set(draft.actor, seq);
      return op({ ...draft, seq });
    });
  });

/** Some numbers with two contents; never more than a replica keeps. */
const lies: fc.Arbitrary<Op[]> = fc.tuple(history, fc.array(fc.tuple(fc.nat(100), body), { maxLength: 3 })).map(([ops, forks]) => [
  ...ops,
  ...forks.flatMap(([place, other]) => (ops.length === 0 ? [] : [op({ ...(ops[place % ops.length] as Op), body: other })])),
]);

const shuffled = (ops: readonly Op[], seed: readonly number[]): Op[] => {
  const out = ops.slice();
  for (let i = out.length - 1; i > 0; i--) {
    const j = (seed[i % Math.max(1, seed.length)] ?? 0) % (i + 1);
    [out[i], out[j]] = [out[j] as Op, out[i] as Op];
  }
  return out;
};

const draws = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 60 });

function filled(entries: readonly Entry[], settleEvery = 0): Plan {
  const plan = new Plan();
  entries.forEach((entry, i) => {
    plan.apply(entry);
    if (settleEvery > 0 && i % settleEvery === 0) plan.settle();
  });
  return plan;
}

function expectModel(plan: Plan, ops: readonly Op[]): void {
  for (const name of THREADS) {
    const thread = plan.of(name);
    if (thread === undefined) {
      expect(ops.some((it) => it.thread === name)).toBe(false);
      continue;
    }
    expect(picture(thread)).toEqual(model(ops, name));
    expectTopological(thread);
  }
}

describe('the plan is what a fold of its sorted ops says', () => {
  it('in any order of arrival, with duplicates, and verdicts given at any moment', () => {
    fc.assert(fc.property(lies, draws, fc.nat(5), (ops, seed, every) => {
      const plan = filled([...shuffled(ops, seed), ...ops.slice(0, 5)], every);
      expectModel(plan, ops);
      expect(meaning(plan)).toEqual(meaning(filled(ops)));
    }), { numRuns: 300 });
  });

  it('when only a part has arrived', () => {
    fc.assert(fc.property(history, draws, fc.nat(40), (ops, seed, kept) => {
      const part = shuffled(ops, seed).slice(0, kept);
      expectModel(filled(part, 1), part);
    }), { numRuns: 200 });
  });

  it('after an exchange by version vectors, in messages of any size', () => {
    fc.assert(fc.property(history, draws, fc.integer({ min: 1, max: 7 }), (ops, seed, size) => {
      const mine = new Plan();
      const theirs = new Plan();
      // Each has the ops of some authors, the way they came.
      for (const it of ops) ((seed[it.actor.charCodeAt(0) % seed.length] as number) % 2 === 0 ? mine : theirs).apply(it);
      for (let round = 0; round < 200; round++) {
        const lacking = [...theirs.missing(mine.vector())].slice(0, size);
        if (lacking.length === 0) break;
        for (const entry of lacking) mine.apply(entry);
      }
      for (const entry of mine.missing(theirs.vector())) theirs.apply(entry);
      expectModel(mine, ops);
      expect(meaning(theirs)).toEqual(meaning(mine));
    }), { numRuns: 150 });
  });

  it('after an image was written, read and restored, and after what everybody has was forgotten', () => {
    fc.assert(fc.property(lies, draws, fc.nat(40), (ops, seed, before) => {
      const plan = filled(shuffled(ops, seed).slice(0, before));
      plan.acknowledge('other', plan.vector());
      const meant = meaning(plan);
      plan.collect(['other']);
      expect(meaning(plan)).toEqual(meant);
      const decoded = decode(planImageCodec, encode(planImageCodec, planImage(plan)), 1 << 20);
      if (!decoded.ok) throw new Error(decoded.reason);
      expect(decoded.value).toEqual(planImage(plan));
      const restored = restorePlan(decoded.value);
      expect(meaning(restored)).toEqual(meant);
      for (const it of ops) restored.apply(it);
      expectModel(restored, ops);
    }), { numRuns: 200 });
  });
});

describe('a batch', () => {
  it('is read back as it was written', () => {
    fc.assert(fc.property(lies, (ops) => {
      const decoded = decode(batchCodec, encode(batchCodec, ops), 1 << 20);
      expect(decoded).toEqual({ ok: true, value: ops });
    }), { numRuns: 100 });
  });
});
