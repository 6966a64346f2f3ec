// The plan store against the libraries that people would use for a shared map, on the same entries, delivered in the same drawn
// order, in one run. Ours always decodes, hashes every op, and answers three views at the end of each batch: what is ready, a
// topological order, and which links are rejected. The peers answer nothing: what a program would add for that is not measured.
// Left out on all sides: signatures, which are verified outside, and the disk.

import * as Automerge from '@automerge/automerge';
import * as Y from 'yjs';
import { encode } from '../kernel/base/codec.ts';
import { Random } from '../kernel/base/random.ts';
import { batchCodec } from '../kernel/plan/batch.ts';
import { meaning } from '../kernel/plan/image.ts';
import { Plan } from '../kernel/plan/plan.ts';
import { applied, authored, delta, looked, take, THREAD, workload, type Written } from './plan-workload.ts';
import { row, type Bench, type Row } from './row.ts';

const OPS = 10_000;
const AUTHORS = 4;
const PER_BATCH = 1_000;
const ROUNDS = 3;

/** Milliseconds of this process's own work, its collector's too: what else the machine does is not counted. */
const millis = (run: () => void): number => {
  const started = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1_000;
};

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

// Yjs: one document, a map for each kind of entry; every entry is a transaction, as every op is an op.

function yjsUpdates(written: readonly Written[]): { updates: Uint8Array[]; doc: Y.Doc } {
  const docs: Y.Doc[] = [];
  const updates: Uint8Array[] = [];
  for (const { author, map, key, value } of written) {
    let doc = docs[author];
    if (doc === undefined) {
      doc = new Y.Doc();
      doc.clientID = author + 1;
      doc.on('update', (update: Uint8Array) => updates.push(update));
      docs[author] = doc;
    }
    doc.getMap(map).set(key, value);
  }
  return { updates, doc: docs[0] as Y.Doc };
}

/** Each batch at once, as Yjs likes it best; what comes before its time waits inside. */
function yjsApplied(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  for (let i = 0; i < updates.length; i += PER_BATCH) Y.applyUpdate(doc, Y.mergeUpdates(updates.slice(i, i + PER_BATCH)));
  return doc;
}

function yjsEntries(doc: Y.Doc): number {
  return ['tasks', 'links', 'notes', 'states'].reduce((sum, map) => sum + doc.getMap(map).size, 0);
}

type Maps = Record<Written['map'], Record<string, string>>;
const EMPTY: Maps = { tasks: {}, links: {}, notes: {}, states: {} };

function automergeChanges(written: readonly Written[]): Uint8Array[] {
  const base = Automerge.from<Maps>(EMPTY, { actor: '00' });
  const docs: Automerge.Doc<Maps>[] = [];
  const changes: Uint8Array[] = [];
  for (const { author, map, key, value } of written) {
    const doc = docs[author] ?? Automerge.clone(base, { actor: `0${author + 1}` });
    const next = Automerge.change(doc, (draft) => {
      draft[map][key] = value;
    });
    changes.push(Automerge.getLastLocalChange(next) as Uint8Array);
    docs[author] = next;
  }
  return changes;
}

function automergeApplied(changes: readonly Uint8Array[]): Automerge.Doc<Maps> {
  let doc = Automerge.from<Maps>(EMPTY, { actor: '00' });
  for (let i = 0; i < changes.length; i += PER_BATCH) [doc] = Automerge.applyChanges(doc, changes.slice(i, i + PER_BATCH));
  return doc;
}

async function apply(): Promise<Row[]> {
  const written = workload(1, OPS, AUTHORS);
  const order = Random.of(1, 'delivery').shuffled(written.map((_, i) => i));
  const inOrder = <T>(items: readonly T[]): T[] => order.map((i) => items[i] as T);
  const ops = authored(written);
  const packets = inOrder(ops.map((it) => encode(batchCodec, [it])));
  const made = yjsUpdates(written);
  const updates = inOrder(made.updates);
  const ours: number[] = [];
  const yjs: number[] = [];
  for (let round = 0; round < ROUNDS + 1; round++) {
    ours.push(millis(() => void applied(packets, PER_BATCH)));
    yjs.push(millis(() => void yjsApplied(updates)));
  }
  const [our, their] = [median(ours.slice(1)), median(yjs.slice(1))];
  const automergeOrder = inOrder(automergeChanges(written));
  const automerge = millis(() => void automergeApplied(automergeOrder));
  const plan = applied(packets, OPS);
  const doc = yjsApplied(updates);
  const size = encode(batchCodec, [...plan.entries()]).length;
  const theirSize = Y.encodeStateAsUpdate(doc).length;
  const whole = `Yjs: ${theirSize} bytes, ${Y.encodeStateAsUpdateV2(doc).length} in its second format, for ${yjsEntries(doc)} entries that were not overwritten`;
  const signed = encode(batchCodec, ops.map((it) => ({ ...it, signature: 's'.repeat(88) }))).length;
  return [
    row('plan/apply-vs-yjs', our, 'ms for 10,000 ops, shuffled, with views', `Yjs: ${their.toFixed(1)} ms, without`, their / our),
    row('plan/apply-vs-automerge', our, 'ms for 10,000 ops, shuffled, with views', `Automerge: ${automerge.toFixed(0)} ms, without; at least 10 times`, automerge / our / 10),
    row('plan/size-vs-yjs', size, 'bytes for all ops, without signatures', `${whole}; at most 1.5 times`, (1.5 * theirSize) / size),
    row('plan/wire', size / OPS, `bytes per op that is synced; ${(signed / OPS).toFixed(1)} with a signature`, `Yjs: ${(theirSize / OPS).toFixed(1)} for each that was made`, theirSize / size),
  ];
}

async function merge(): Promise<Row[]> {
  const common = workload(2, 1_000, 1);
  const sides = [workload(3, OPS, 1), workload(4, OPS, 1)];
  const ours: number[] = [];
  const yjs: number[] = [];
  for (let round = 0; round < ROUNDS + 1; round++) {
    const plans = sides.map((written, i) => {
      const plan = new Plan();
      for (const { body } of common) plan.apply(plan.author('author-0', THREAD, body));
      for (const { body } of written) plan.apply(plan.author(`author-${i + 1}`, THREAD, body));
      looked(plan);
      return plan;
    }) as [Plan, Plan];
    ours.push(millis(() => {
      const packets = [delta(plans[1], plans[0]), delta(plans[0], plans[1])];
      plans.forEach((plan, i) => {
        take(plan, packets[i] as Uint8Array);
        looked(plan);
      });
    }));
    if (Buffer.compare(meaning(plans[0]), meaning(plans[1])) !== 0) throw new Error('the two replicas differ after the merge');
    const docs = yjsSides(common, sides);
    yjs.push(millis(() => {
      const packets = [Y.encodeStateAsUpdate(docs[1], Y.encodeStateVector(docs[0])), Y.encodeStateAsUpdate(docs[0], Y.encodeStateVector(docs[1]))];
      docs.forEach((doc, i) => Y.applyUpdate(doc, packets[i] as Uint8Array));
    }));
  }
  const [our, their] = [median(ours.slice(1)), median(yjs.slice(1))];
  const automerge = automergeMerge(common, sides);
  return [
    row('plan/merge-vs-yjs', our, 'ms to merge two replicas diverged by 10,000 ops each, with views', `Yjs: ${their.toFixed(1)} ms, without; at least half as fast`, their / our / 0.5),
    row('plan/merge-vs-automerge', our, 'ms to merge two replicas diverged by 10,000 ops each, with views', `Automerge: ${automerge.toFixed(0)} ms, without; at least 10 times`, automerge / our / 10),
  ];
}

function yjsSides(common: readonly Written[], sides: readonly (readonly Written[])[]): [Y.Doc, Y.Doc] {
  const shared = new Y.Doc();
  shared.clientID = 1;
  for (const { map, key, value } of common) shared.getMap(map).set(key, value);
  const base = Y.encodeStateAsUpdate(shared);
  return sides.map((written, i) => {
    const doc = new Y.Doc();
    doc.clientID = i + 2;
    Y.applyUpdate(doc, base);
    for (const { map, key, value } of written) doc.getMap(map).set(key, value);
    return doc;
  }) as [Y.Doc, Y.Doc];
}

function automergeMerge(common: readonly Written[], sides: readonly (readonly Written[])[]): number {
  let shared = Automerge.from<Maps>(EMPTY, { actor: '00' });
  const write = (doc: Automerge.Doc<Maps>, written: readonly Written[]): Automerge.Doc<Maps> => {
    let next = doc;
    // A hundred entries in one change: fewer changes than there are ops, which suits it.
    for (let i = 0; i < written.length; i += 100) {
      next = Automerge.change(next, (draft) => {
        for (const { map, key, value } of written.slice(i, i + 100)) draft[map][key] = value;
      });
    }
    return next;
  };
  shared = write(shared, common);
  const [a, b] = sides.map((written, i) => write(Automerge.clone(shared, { actor: `0${i + 1}` }), written)) as [Automerge.Doc<Maps>, Automerge.Doc<Maps>];
  const [otherA, otherB] = [Automerge.clone(a), Automerge.clone(b)];
  return millis(() => {
    Automerge.merge(a, otherB);
    Automerge.merge(b, otherA);
  });
}

const LIMIT_READY_US = 1_000;
const LIMIT_OP_US = 20;
const LOOKS = 50;
const LIMIT_CONVERGE_S = 2;

/** The cost of one more op in a plan of so many tasks: a mixture as in the workload, each followed by a look at what is ready. */
function perOp(tasks: number): { opUs: number; readyUs: number } {
  const plan = new Plan();
  const random = Random.of(tasks, 'scale');
  for (let i = 0; i < tasks; i++) {
    plan.apply(plan.author('author-0', THREAD, { kind: 'ADD_TASK', task: `t${i}`, title: '' }));
    if (i > 0 && i % 2 === 0) plan.apply(plan.author('author-0', THREAD, { kind: 'LINK', parent: `t${random.below(i)}`, child: `t${i}` }));
  }
  looked(plan);
  const count = 4_000;
  const later = new Plan();
  later.restore({ clock: plan.clock, entries: [], acknowledged: [], outdone: [] });
  const packets = workload(5, count, 1).map(({ body }, i) => {
    const placed = body.kind === 'LINK' ? { ...body, parent: `t${random.below(tasks)}`, child: `t${random.below(tasks)}` } : body;
    const it = later.author('author-1', THREAD, placed.kind === 'ADD_TASK' ? { ...placed, task: `n${i}` } : placed);
    later.apply(it);
    return encode(batchCodec, [it]);
  });
  let shown = 0;
  const ready: number[] = [];
  const whole = millis(() => {
    for (const packet of packets) {
      take(plan, packet);
      plan.settle();
    }
  });
  // Several looks at once: the clock of a process is coarse.
  for (let i = 0; i < 9; i++) {
    ready.push(millis(() => {
      for (let k = 0; k < LOOKS; k++) shown += plan.of(THREAD)?.readyTasks(100).length ?? 0;
    }) / LOOKS);
  }
  if (shown === 0) throw new Error('nothing was ready');
  return { opUs: (whole * 1_000) / count, readyUs: median(ready) * 1_000 };
}

async function scale(): Promise<Row[]> {
  perOp(1_000);
  const [small, medium, large] = [perOp(1_000), perOp(10_000), perOp(100_000)] as const;
  const growth = large.opUs / small.opUs;
  return [
    row('plan/ready-100000', large.readyUs, 'us for the first 100 of what is ready, of 100,000 tasks', `a limit of ${LIMIT_READY_US} us`, LIMIT_READY_US / large.readyUs),
    row('plan/op-100000', large.opUs, 'us for one op from bytes to views, at 100,000 tasks', `a limit of ${LIMIT_OP_US} us`, LIMIT_OP_US / large.opUs),
    row('plan/op-growth', growth, `times as much per op at 10^5 tasks as at 10^3: ${small.opUs.toFixed(2)}, ${medium.opUs.toFixed(2)}, ${large.opUs.toFixed(2)} us`, 'log 10^5 / log 10^3 = 1.67', 5 / 3 / growth),
  ];
}

async function converge(): Promise<Row[]> {
  convergeOf(20_000);
  const seconds = convergeOf(100_000) / 1_000;
  return [row('plan/converge-3x100000', seconds, 's until three replicas of 100,000 ops are the same, with views', `a limit of ${LIMIT_CONVERGE_S} s`, LIMIT_CONVERGE_S / seconds)];
}

/** Three replicas that each made a third of the ops and know nothing of the others, until all three mean the same. */
function convergeOf(count: number): number {
  const written = workload(6, count, 3);
  const plans = [0, 1, 2].map(() => new Plan());
  for (const { author, body } of written) {
    const plan = plans[author] as Plan;
    plan.apply(plan.author(`author-${author}`, THREAD, body));
  }
  const wall = millis(() => {
    for (const [from, to] of [[1, 0], [2, 0], [0, 1], [0, 2]] as const) {
      take(plans[to] as Plan, delta(plans[from] as Plan, plans[to] as Plan));
      looked(plans[to] as Plan);
    }
  });
  const [first, ...others] = plans.map(meaning) as [Uint8Array, Uint8Array, Uint8Array];
  if (others.some((other) => Buffer.compare(first, other) !== 0)) throw new Error('the three replicas differ');
  return wall;
}

export const PLAN: readonly Bench[] = [
  { rows: ['plan/apply-vs-yjs', 'plan/apply-vs-automerge', 'plan/size-vs-yjs', 'plan/wire'], about: 'the plan store: 10,000 ops against Yjs and Automerge', measure: apply },
  { rows: ['plan/merge-vs-yjs', 'plan/merge-vs-automerge'], about: 'the plan store: a merge against Yjs and Automerge', measure: merge },
  { rows: ['plan/ready-100000', 'plan/op-100000', 'plan/op-growth'], about: 'the plan store: one op in a large plan', measure: scale },
  { rows: ['plan/converge-3x100000'], about: 'the plan store: three large replicas converge', measure: converge },
];
