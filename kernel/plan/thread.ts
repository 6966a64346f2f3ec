// The plan of one thread: its tasks, how far each is, what holds it up, and which links hold. Ops enter in any order, each once;
// what comes out depends on the set alone. Views are kept as ops enter, but for verdicts about links, which `settle` gives for
// all that arrived together.

import { assert } from '../base/assert.ts';
import { FirstHeap } from './first-heap.ts';
import { Links } from './links.ts';
import { compareOps, VERIFIED, type Op } from './op.ts';

export interface Task {
  readonly place: number;
  readonly name: string;
  /** The first ADD_TASK for this name; without one the task is only spoken of. */
  added: Op | undefined;
  /** How often it was reopened: each REOPEN ends the generation before it, so they count without gaps. */
  generation: number;
  rank: number;
  /** What brought it to this rank. */
  reached: Op | undefined;
  /** Of generations that have not begun: the op that goes furthest. */
  later: Map<number, Op> | undefined;
  /** By the generation that it ends. */
  reopens: Map<number, Op> | undefined;
  /** Links that hold from a parent that is not verified, and artifacts that it waits for. */
  blocked: number;
  /** By key, by artifact. Most tasks have none of these. */
  notes: ReadonlyMap<string, Op>;
  requires: ReadonlyMap<string, Op>;
  produces: ReadonlyMap<string, Op>;
}

const NOTHING: ReadonlyMap<string, Op> = new Map();

function withEntry(map: ReadonlyMap<string, Op>, key: string, it: Op): ReadonlyMap<string, Op> {
  if (map === NOTHING) return new Map([[key, it]]);
  (map as Map<string, Op>).set(key, it);
  return map;
}

interface Artifact {
  /** Those that say they will produce it, and how many of them are verified. */
  readonly producers: Set<number>;
  verified: number;
  readonly requirers: Set<number>;
  /** Of the requirers: those that wait for it. */
  readonly waiting: Set<number>;
}

/** A link that does not hold, and the way back that it would close: from its child to its parent. */
export interface RejectedLink {
  readonly id: string;
  readonly parent: string;
  readonly child: string;
  readonly closes: readonly string[];
}

export class Thread {
  readonly name: string;
  readonly tasks: Task[] = [];
  readonly links: Links = new Links();
  private readonly byName: Map<string, Task> = new Map();
  private readonly artifacts: Map<string, Artifact> = new Map();
  private readonly ready: FirstHeap;
  /** By rank: the tasks that were added. */
  private readonly ranks: readonly Set<number>[] = [new Set(), new Set(), new Set(), new Set()];
  /** Hears of each op that another one outdoes for ever. */
  private readonly outdone: (loser: Op, winner: Op) => void;
  private order: readonly number[] | undefined;

  constructor(name: string, outdone: (loser: Op, winner: Op) => void) {
    this.name = name;
    this.outdone = outdone;
    this.ready = new FirstHeap((a, b) => compareOps(this.addOf(a), this.addOf(b)) < 0);
  }

  private addOf(task: number): Op {
    return (this.tasks[task] as Task).added as Op;
  }

  task(name: string): Task | undefined {
    return this.byName.get(name);
  }

  private of(name: string): Task {
    const known = this.byName.get(name);
    if (known !== undefined) return known;
    const task: Task = {
      place: this.tasks.length, name, added: undefined, generation: 0, rank: 0, reached: undefined, later: undefined, reopens: undefined, blocked: 0,
      notes: NOTHING, requires: NOTHING, produces: NOTHING,
    };
    this.tasks.push(task);
    this.byName.set(name, task);
    this.links.addTask();
    return task;
  }

  enter(it: Op): void {
    const body = it.body;
    switch (body.kind) {
      case 'ADD_TASK':
        return this.add(this.of(body.task), it);
      case 'LINK':
        this.order = undefined;
        return this.links.add(it, this.of(body.parent).place, this.of(body.child).place);
      case 'REQUIRES':
        return this.require(this.of(body.task), body.artifact, it);
      case 'PRODUCES':
        return this.produce(this.of(body.task), body.artifact, it);
      case 'STATE':
        return this.reach(this.of(body.task), body.generation, it);
      case 'REOPEN':
        return this.reopen(this.of(body.task), body.generation, it);
      case 'ANNOTATE':
        return this.note(this.of(body.task), body.key, it);
    }
  }

  /** Of two ops that say the same, the first in the total order counts. */
  private first(held: Op | undefined, it: Op): Op {
    if (held === undefined) return it;
    const [winner, loser] = compareOps(held, it) <= 0 ? [held, it] : [it, held];
    this.outdone(loser, winner);
    return winner;
  }

  private add(task: Task, it: Op): void {
    this.order = undefined;
    const isNew = task.added === undefined;
    // Its place among the ready ones may change with the op.
    const wasReady = this.ready.has(task.place);
    if (wasReady) this.ready.leave(task.place);
    task.added = this.first(task.added, it);
    if (isNew) (this.ranks[task.rank] as Set<number>).add(task.place);
    this.lookAt(task);
  }

  private note(task: Task, key: string, it: Op): void {
    const held = task.notes.get(key);
    if (held !== undefined && compareOps(held, it) > 0) return this.outdone(it, held);
    task.notes = withEntry(task.notes, key, it);
    if (held !== undefined) this.outdone(held, it);
  }

  private reach(task: Task, generation: number, it: Op): void {
    if (generation < task.generation) return this.outdone(it, (task.reopens as Map<number, Op>).get(generation) as Op);
    if (generation > task.generation) {
      task.later ??= new Map();
      task.later.set(generation, this.further(task.later.get(generation), it));
      return;
    }
    const further = this.further(task.reached, it);
    if (further === task.reached) return;
    task.reached = further;
    this.moveTo(task, rankOf(further));
  }

  /** Of two states of one generation: the higher one, or the one said first. */
  private further(held: Op | undefined, it: Op): Op {
    if (held === undefined || rankOf(held) === rankOf(it)) return this.first(held, it);
    const [winner, loser] = rankOf(held) > rankOf(it) ? [held, it] : [it, held];
    this.outdone(loser, winner);
    return winner;
  }

  private reopen(task: Task, generation: number, it: Op): void {
    const reopens = (task.reopens ??= new Map());
    reopens.set(generation, this.first(reopens.get(generation), it));
    while (reopens.has(task.generation)) {
      if (task.reached !== undefined) this.outdone(task.reached, reopens.get(task.generation) as Op);
      task.generation++;
      task.reached = task.later?.get(task.generation);
      task.later?.delete(task.generation);
      this.moveTo(task, task.reached === undefined ? 0 : rankOf(task.reached));
    }
  }

  private moveTo(task: Task, rank: number): void {
    const before = task.rank;
    if (before === rank) return;
    task.rank = rank;
    if (task.added !== undefined) {
      (this.ranks[before] as Set<number>).delete(task.place);
      (this.ranks[rank] as Set<number>).add(task.place);
    }
    this.lookAt(task);
    const [was, is] = [before >= VERIFIED, rank >= VERIFIED];
    if (was === is) return;
    for (const link of this.links.from(task.place)) if (this.links.holds(link)) this.block(this.links.heads[link] as number, is ? -1 : 1);
    for (const name of task.produces.keys()) {
      const artifact = this.artifacts.get(name) as Artifact;
      artifact.verified += is ? 1 : -1;
      if (artifact.verified <= 2) this.weigh(artifact);
    }
  }

  private block(place: number, by: number): void {
    const task = this.tasks[place] as Task;
    task.blocked += by;
    assert(task.blocked >= 0, 'a task is held up by a count');
    this.lookAt(task);
  }

  private lookAt(task: Task): void {
    const should = task.added !== undefined && task.rank === 0 && task.blocked === 0;
    if (should === this.ready.has(task.place)) return;
    if (should) this.ready.enter(task.place);
    else this.ready.leave(task.place);
  }

  private artifact(name: string): Artifact {
    const known = this.artifacts.get(name);
    if (known !== undefined) return known;
    const artifact: Artifact = { producers: new Set(), verified: 0, requirers: new Set(), waiting: new Set() };
    this.artifacts.set(name, artifact);
    return artifact;
  }

  private require(task: Task, name: string, it: Op): void {
    const held = task.requires.get(name);
    task.requires = withEntry(task.requires, name, this.first(held, it));
    if (held !== undefined) return;
    const artifact = this.artifact(name);
    artifact.requirers.add(task.place);
    this.wait(artifact, task.place);
  }

  private produce(task: Task, name: string, it: Op): void {
    const held = task.produces.get(name);
    task.produces = withEntry(task.produces, name, this.first(held, it));
    if (held !== undefined) return;
    const artifact = this.artifact(name);
    artifact.producers.add(task.place);
    if (task.rank >= VERIFIED) artifact.verified++;
    if (artifact.producers.size <= 2 || artifact.verified <= 2) this.weigh(artifact);
  }

  /** Who waits for it can change only while there are few producers: each one looks at all but itself. */
  private weigh(artifact: Artifact): void {
    for (const place of artifact.requirers) this.wait(artifact, place);
  }

  /** A task waits for an artifact that others will produce while none of them is verified. What nobody produces comes from outside. */
  private wait(artifact: Artifact, place: number): void {
    const task = this.tasks[place] as Task;
    const own = artifact.producers.has(place) ? 1 : 0;
    const ownVerified = own === 1 && task.rank >= VERIFIED ? 1 : 0;
    const waits = artifact.producers.size - own > 0 && artifact.verified - ownVerified === 0;
    if (waits === artifact.waiting.has(place)) return;
    if (waits) artifact.waiting.add(place);
    else artifact.waiting.delete(place);
    this.block(place, waits ? 1 : -1);
  }

  settle(): void {
    this.links.settle((link, holds) => {
      const parent = this.tasks[this.links.tails[link] as number] as Task;
      if (parent.rank < VERIFIED) this.block(this.links.heads[link] as number, holds ? 1 : -1);
    });
  }

  // Views. All are in an order that every replica shares.

  /** Tasks that can be begun: DRAFT, and nothing holds them up. */
  readyTasks(limit: number): readonly Task[] {
    return this.ready.first(limit).map((place) => this.tasks[place] as Task);
  }

  get readyCount(): number {
    return this.ready.size;
  }

  countIn(rank: number): number {
    return (this.ranks[rank] as Set<number>).size;
  }

  inState(rank: number): readonly Task[] {
    return this.byAddition([...(this.ranks[rank] as Set<number>)]);
  }

  private byAddition(places: readonly number[]): readonly Task[] {
    const tasks = places.map((place) => this.tasks[place] as Task).filter((task) => task.added !== undefined);
    return tasks.sort((a, b) => compareOps(a.added as Op, b.added as Op));
  }

  parents(task: Task): readonly Task[] {
    return this.byAddition(this.next(task.place, false));
  }

  children(task: Task): readonly Task[] {
    return this.byAddition(this.next(task.place, true));
  }

  ancestors(task: Task): readonly Task[] {
    return this.byAddition(this.closure(task.place, false));
  }

  descendants(task: Task): readonly Task[] {
    return this.byAddition(this.closure(task.place, true));
  }

  /** Two links between the same tasks show once. */
  private next(place: number, forward: boolean): number[] {
    const links = (forward ? this.links.from(place) : this.links.into(place)).filter((link) => this.links.holds(link));
    return [...new Set(links.map((link) => (forward ? this.links.heads[link] : this.links.tails[link]) as number))];
  }

  private closure(start: number, forward: boolean): number[] {
    const found = [start];
    const seen = new Set(found);
    for (let i = 0; i < found.length; i++) {
      for (const place of this.next(found[i] as number, forward)) {
        if (seen.has(place)) continue;
        seen.add(place);
        found.push(place);
      }
    }
    return found.slice(1);
  }

  /** Every parent before its children; among those that are free, in the order in which they came free, and that of their addition. */
  topological(): readonly Task[] {
    this.order ??= this.sortTopologically();
    return this.order.map((place) => this.tasks[place] as Task);
  }

  private sortTopologically(): readonly number[] {
    const links = this.links;
    const waits = this.tasks.map(() => 0);
    const children: number[][] = this.tasks.map(() => NONE as number[]);
    for (const link of links.inOrder()) {
      if (!links.holds(link)) continue;
      const [tail, head] = [links.tails[link] as number, links.heads[link] as number];
      waits[head] = (waits[head] as number) + 1;
      if (children[tail] === NONE) children[tail] = [head];
      else (children[tail] as number[]).push(head);
    }
    // Tasks that are only spoken of come first among the free ones, by name: they are passed through, and not shown.
    const order = this.tasks.filter((task) => waits[task.place] === 0).sort(byAdditionOrName).map((task) => task.place);
    for (let i = 0; i < order.length; i++) {
      for (const child of children[order[i] as number] as number[]) {
        waits[child] = (waits[child] as number) - 1;
        if (waits[child] === 0) order.push(child);
      }
    }
    assert(order.length === this.tasks.length, 'links that hold close no cycle');
    return order.filter((place) => (this.tasks[place] as Task).added !== undefined);
  }

  rejected(): readonly RejectedLink[] {
    const out: RejectedLink[] = [];
    for (const link of this.links.inOrder()) {
      if (this.links.holds(link)) continue;
      const way = this.links.wayBack(link);
      assert(way !== undefined, 'a rejected link would close a cycle');
      const nameOf = (place: number): string => (this.tasks[place] as Task).name;
      out.push({ id: (this.links.ops[link] as Op).id, parent: nameOf(this.links.tails[link] as number), child: nameOf(this.links.heads[link] as number), closes: way.map(nameOf) });
    }
    return out;
  }

  get rejectedCount(): number {
    let count = 0;
    for (const link of this.links.inOrder()) if (!this.links.holds(link)) count++;
    return count;
  }
}

const NONE: readonly number[] = [];

const rankOf = (it: Op): number => (it.body.kind === 'STATE' ? it.body.rank : 0);

function byAdditionOrName(a: Task, b: Task): number {
  if (a.added !== undefined && b.added !== undefined) return compareOps(a.added, b.added);
  if (a.added === undefined && b.added === undefined) return a.name < b.name ? -1 : 1;
  return a.added === undefined ? -1 : 1;
}
