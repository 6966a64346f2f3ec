// Two forms of a plan as bytes. What it means: byte-identical on all replicas with the same ops, whatever each of them has already
// forgotten. And all that a replica knows, from which it goes on after a restart.

import { encode, type Codec, type Reader, type Writer } from '../base/codec.ts';
import { batchCodec } from './batch.ts';
import { compareNames } from './names.ts';
import { MAX_LAMPORT, MAX_SEQ, readName, type Op } from './op.ts';
import { Plan, PLAN_DEFAULTS, type Acknowledged, type Outdone, type PlanImage, type PlanParameters } from './plan.ts';
import type { Task, Thread } from './thread.ts';

const noteCodec: Codec<readonly [string, Op]> = {
  write(w: Writer, [key, it]: readonly [string, Op]): void {
    w.array(3);
    w.text(key);
    w.text(it.body.kind === 'ANNOTATE' ? it.body.value : '');
    w.text(it.id);
  },
  read: unread,
};

const nameCodec: Codec<readonly [string, Op]> = { write: (w: Writer, [name]: readonly [string, Op]): void => w.text(name), read: unread };

/** What a plan means is compared and hashed; nobody reads it back. */
function unread(): never {
  throw new Error('what a plan means is only written');
}

const byName = (a: readonly [string, Op], b: readonly [string, Op]): number => compareNames(a[0], b[0]);

const taskCodec: Codec<Task> = {
  write(w: Writer, task: Task): void {
    w.array(9);
    w.text(task.name);
    w.text(task.added?.id ?? '');
    w.text(task.added?.body.kind === 'ADD_TASK' ? task.added.body.title : '');
    w.uint(task.generation);
    w.text(task.reached?.id ?? '');
    w.uint(task.rank);
    w.list(noteCodec, [...task.notes].sort(byName));
    w.list(nameCodec, [...task.requires].sort(byName));
    w.list(nameCodec, [...task.produces].sort(byName));
  },
  read: unread,
};

const threadCodec: Codec<Thread> = {
  write(w: Writer, thread: Thread): void {
    w.array(3);
    w.text(thread.name);
    w.list(taskCodec, [...thread.tasks].sort((a, b) => compareNames(a.name, b.name)));
    const links = thread.links;
    w.array(links.ops.length);
    for (const link of links.inOrder()) {
      w.text((links.ops[link] as Op).id);
      w.bool(links.holds(link));
    }
  },
  read: unread,
};

/** What the plan means, and of whom how much is known. */
export function meaning(plan: Plan): Uint8Array {
  return encode(meaningCodec, plan);
}

const meaningCodec: Codec<Plan> = {
  write(w: Writer, plan: Plan): void {
    w.array(2);
    w.list(threadCodec, plan.all);
    const vector = plan.vector();
    w.array(vector.length);
    for (const seen of vector) {
      w.text(seen.actor);
      w.uint(seen.seq);
      w.uint(seen.high);
      w.uint(seen.low);
    }
  },
  read: unread,
};

const MAX_ACKNOWLEDGED = 16_384;

const acknowledgedCodec: Codec<Acknowledged> = {
  write(w: Writer, it: Acknowledged): void {
    w.array(3);
    w.text(it.member);
    w.text(it.actor);
    w.uint(it.seq);
  },
  read(r: Reader): Acknowledged {
    r.tuple(3);
    return { member: readName(r), actor: readName(r), seq: r.uint(MAX_SEQ) };
  },
};

const outdoneCodec: Codec<Outdone> = {
  write(w: Writer, it: Outdone): void {
    w.array(5);
    w.text(it.actor);
    w.uint(it.seq);
    w.text(it.id);
    w.text(it.byActor);
    w.uint(it.bySeq);
  },
  read(r: Reader): Outdone {
    r.tuple(5);
    return { actor: readName(r), seq: r.uint(MAX_SEQ), id: r.text(64), byActor: readName(r), bySeq: r.uint(MAX_SEQ) };
  },
};

/** No op is outdone twice. */
const MAX_OUTDONE = 16_777_216;

export const planImageCodec: Codec<PlanImage> = {
  write(w: Writer, image: PlanImage): void {
    w.array(4);
    w.uint(image.clock);
    batchCodec.write(w, image.entries);
    w.list(acknowledgedCodec, image.acknowledged);
    w.list(outdoneCodec, image.outdone);
  },
  read(r: Reader): PlanImage {
    r.tuple(4);
    return { clock: r.uint(MAX_LAMPORT), entries: batchCodec.read(r), acknowledged: r.list(acknowledgedCodec, MAX_ACKNOWLEDGED), outdone: r.list(outdoneCodec, MAX_OUTDONE) };
  },
};

export function planImage(plan: Plan): PlanImage {
  return { clock: plan.clock, entries: [...plan.entries()], acknowledged: plan.acknowledgements, outdone: plan.outdoneOps };
}

export function restorePlan(image: PlanImage, parameters: PlanParameters = PLAN_DEFAULTS): Plan {
  const plan = new Plan(parameters);
  plan.restore(image);
  return plan;
}
