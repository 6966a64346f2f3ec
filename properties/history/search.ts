// Is there an order of the operations of one key that keeps real time and that the model could have produced? The search of
// Wing and Gong ("Testing and verifying concurrent objects", 1993), with Lowe's two changes ("Testing for linearizability",
// 2017): configurations that were met before are not searched again, and an operation happens only when a return needs it.
// Further, where no observation can tell the difference, one order stands for all:
//   what changes nothing happens as soon as it can;
//   of operations that can stand for each other the one that must return first happens first;
//   what nobody will see happens just before it is overwritten, or while nobody sees the state anyway;
//   a state is not left while somebody has yet to see it and nothing can bring it back.
// It keeps its own stack, so a long history is no deep one.

import { IMPOSSIBLE, UNSEEN, type Machine } from './machine.ts';
import { OpenOperations } from './open-operations.ts';
import { NEVER, type Timeline } from './operation.ts';
import { Visited, type Configuration } from './visited.ts';

export type Found = 'order' | 'none' | 'out-of-time' | 'out-of-memory';

export interface Limits {
  /** Steps of the search; what is above is `out-of-time`. */
  readonly steps: number;
  readonly bytes: number;
  /** Asked now and then: false ends the search. The caller knows what time is. */
  readonly goOn?: () => boolean;
}

/** A return whose operation has not happened yet: orders of what may happen before it, shortest first. */
interface Frame {
  readonly event: number;
  readonly needed: number;
  readonly queue: (Configuration | undefined)[];
  head: number;
  candidates: readonly number[] | undefined;
  next: number;
}

const LAST_MARK = 0x7fffffff;
/** Operations looked at between two questions whether to go on. */
const ASK_EVERY = 1 << 14;
/** How many demands of a state are looked at before it is left. More would only prune more. */
const DEMANDS = 16;
/** What a waiting configuration weighs, besides its lists. */
const NODE_BYTES = 120;

export class Search {
  steps = 0;
  /** The last event that any order came to. */
  furthest = 0;
  private readonly machine: Machine;
  private readonly timeline: Timeline;
  private readonly limits: Limits;
  private readonly visited: Visited;
  private readonly open: OpenOperations;
  private readonly stack: Frame[] = [];
  /** Operations that never return, in order of their calls. */
  private readonly lasting: readonly number[];
  /** By class: the round in which a candidate of it was taken, and which. */
  private readonly roundOf: Int32Array;
  private readonly bestOf: Int32Array;
  private round = 0;
  private readonly table: Int32Array;
  private mark = 0;
  private work = 0;
  private waitingBytes = 0;
  private ended: Found | undefined;

  constructor(machine: Machine, timeline: Timeline, limits: Limits) {
    this.machine = machine;
    this.timeline = timeline;
    this.limits = limits;
    this.visited = new Visited(limits.bytes);
    this.open = new OpenOperations(timeline);
    const ops = [...machine.kinds.keys()];
    this.lasting = ops.filter((op) => timeline.end[op] === NEVER && machine.kinds[op] !== 'observes').toSorted((a, b) => (timeline.begin[a] as number) - (timeline.begin[b] as number));
    this.table = new Int32Array(machine.kinds.length);
    const classes = machine.classes.reduce((most, one) => Math.max(most, one + 1), 0);
    this.roundOf = new Int32Array(classes);
    this.bestOf = new Int32Array(classes);
  }

  run(beginnings: readonly number[]): Found {
    for (const state of beginnings) {
      this.advance(0, { state, ahead: [], used: [] });
      while (this.ended === undefined && this.stack.length > 0) this.turn(this.stack.at(-1) as Frame);
      if (this.ended !== undefined) return this.ended;
    }
    return 'none';
  }

  private turn(frame: Frame): void {
    if (++this.steps > this.limits.steps) this.ended = 'out-of-time';
    this.takes(1);
    if (this.ended !== undefined) return;
    const node = frame.queue[frame.head];
    if (node === undefined) {
      this.stack.pop();
      return;
    }
    if (frame.candidates === undefined) {
      this.open.moveTo(frame.event);
      frame.candidates = this.candidates(frame, node);
      frame.next = 0;
    }
    const op = frame.candidates[frame.next++];
    if (op === undefined) {
      frame.queue[frame.head++] = undefined;
      frame.candidates = undefined;
      this.waitingBytes -= weight(node);
      return;
    }
    this.happens(frame, node, op);
  }

  /** A step may be a long one where thousands are under way at once: so the work is counted, not the steps. */
  private takes(work: number): void {
    this.work += work;
    if (this.work < ASK_EVERY) return;
    this.work = 0;
    if (this.limits.goOn?.() === false) this.ended = 'out-of-time';
  }

  /** Whether an operation is among those that have happened, in a table that holds until the next call. */
  private tableOf({ ahead }: Configuration): (op: number) => boolean {
    const table = this.table;
    if (this.mark === LAST_MARK) this.mark = table.fill(0).at(-1) ?? 0;
    const mark = ++this.mark;
    for (const op of ahead) table[op] = mark;
    this.takes(this.open.list.length + ahead.length);
    return (op) => table[op] === mark;
  }

  /** Goes on to the next return whose operation has not happened. */
  private advance(from: number, at: Configuration): void {
    const { events } = this.timeline;
    let configuration = at;
    for (let event = from; event < events.length; event++) {
      const returning = ~(events[event] as number);
      if (returning < 0) continue;
      this.takes(1 + configuration.ahead.length);
      if (this.ended !== undefined) return;
      if (!configuration.ahead.includes(returning)) {
        this.open.moveTo(event);
        configuration = this.settled(event, this.remembered(event, configuration));
        if (!configuration.ahead.includes(returning)) return this.wait(event, returning, configuration);
      }
      configuration = { ...configuration, ahead: configuration.ahead.filter((op) => op !== returning) };
    }
    this.ended = 'order';
  }

  private wait(event: number, needed: number, configuration: Configuration): void {
    if (event > this.furthest) this.furthest = event;
    if (this.isNew(event, configuration)) this.stack.push({ event, needed, queue: [configuration], head: 0, candidates: undefined, next: 0 });
  }

  private isNew(event: number, configuration: Configuration): boolean {
    const met = this.visited.meet(event, configuration);
    if (met === 'new') this.waitingBytes += weight(configuration);
    if (met === 'full' || this.waitingBytes + this.visited.bytes > this.limits.bytes) this.ended = 'out-of-memory';
    return met === 'new';
  }

  private happens(frame: Frame, node: Configuration, op: number): void {
    const { event, needed } = frame;
    const stepped = this.machine.step(node.state, op);
    if (stepped === IMPOSSIBLE) return;
    if (this.losesDemand(event, node, stepped, op)) return;
    this.open.moveTo(event);
    let next = this.with({ ...node, state: stepped }, op);
    if (this.machine.kinds[op] === 'overwrites') next = this.withUnseen(event, next);
    next = this.settled(event, next);
    if (next.ahead.includes(needed)) return this.advance(event + 1, { ...next, ahead: next.ahead.filter((one) => one !== needed) });
    if (this.isNew(event, next)) frame.queue.push(next);
  }

  private with(configuration: Configuration, op: number): Configuration {
    if (this.timeline.end[op] === NEVER) return { ...configuration, used: inserted(configuration.used, op) };
    return { ...configuration, ahead: inserted(configuration.ahead, op) };
  }

  /** Whether nothing that is still to come can tell what the state is. */
  private isDone(event: number, { state, ahead }: Configuration): boolean {
    const { machine, timeline: { end } } = this;
    if (state === UNSEEN || machine.neededUntil(state) < event) return true;
    if (!machine.tellsAllDemands(state)) return false;
    const demands = machine.demands(state);
    for (let place = firstFrom(demands, end, event); place < demands.length; place++) if (!ahead.includes(demands[place] as number)) return false;
    return true;
  }

  /** Operations of unknown outcome count as long as they could be used again. */
  private remembered(event: number, configuration: Configuration): Configuration {
    const used = configuration.used.filter((op) => this.machine.usefulUntil(op) >= event);
    return used.length === configuration.used.length ? configuration : { ...configuration, used };
  }

  private settled(event: number, configuration: Configuration): Configuration {
    const now = this.isDone(event, configuration) ? configuration : this.saturated(event, configuration);
    return this.isDone(event, now) ? this.saturated(event, { ...now, state: UNSEEN }) : now;
  }

  /** Everything that may as well happen now. */
  private saturated(event: number, configuration: Configuration): Configuration {
    const { machine } = this;
    const { state, ahead } = configuration;
    const hasHappened = this.tableOf(configuration);
    let now: number[] | undefined;
    for (const op of this.open.list) {
      if (!machine.settled(state, op) && !(state === UNSEEN && this.isUnseen(event, op))) continue;
      if (!hasHappened(op)) (now ??= [...ahead]).push(op);
    }
    return now === undefined ? configuration : { ...configuration, ahead: now.toSorted((a, b) => a - b) };
  }

  private isUnseen(event: number, op: number): boolean {
    const kind = this.machine.kinds[op];
    return (kind === 'overwrites' || kind === 'extends') && this.machine.usefulUntil(op) < event;
  }

  /** What nobody will see may have happened just before it was overwritten. */
  private withUnseen(event: number, configuration: Configuration): Configuration {
    const hasHappened = this.tableOf(configuration);
    const more = this.open.list.filter((op) => !hasHappened(op) && this.isUnseen(event, op));
    return more.length === 0 ? configuration : { ...configuration, ahead: [...configuration.ahead, ...more].toSorted((a, b) => a - b) };
  }

  /** What may happen next: the operation that is needed first, then by the time at which it must return. */
  private candidates(frame: Frame, node: Configuration): number[] {
    const { machine, timeline: { begin, end } } = this;
    this.round++;
    const classes: number[] = [];
    const consider = (op: number): void => {
      const one = machine.classes[op] as number;
      if (this.roundOf[one] !== this.round) {
        this.roundOf[one] = this.round;
        this.bestOf[one] = op;
        classes.push(one);
      } else if ((end[op] as number) < (end[this.bestOf[one] as number] as number)) this.bestOf[one] = op;
    };
    const hasHappened = this.tableOf(node);
    for (const op of this.open.list) if (machine.kinds[op] !== 'observes' && !hasHappened(op)) consider(op);
    this.takes(this.lasting.length);
    const used = new Set(node.used);
    for (const op of this.lasting) {
      if ((begin[op] as number) > frame.event) break;
      if (!used.has(op) && machine.usefulUntil(op) >= frame.event) consider(op);
    }
    return classes.map((one) => this.bestOf[one] as number).toSorted((a, b) => (end[a] as number) - (end[b] as number) || a - b);
  }

  /** Whether leaving the state takes away what somebody has yet to see, and nothing can bring it back. */
  private losesDemand(event: number, node: Configuration, next: number, by: number): boolean {
    const { machine, timeline: { end } } = this;
    if (node.state === UNSEEN) return false;
    const demands = machine.demands(node.state);
    let looked = 0;
    for (let place = firstFrom(demands, end, event); place < demands.length && looked < DEMANDS; place++) {
      const op = demands[place] as number;
      if (op === by || node.ahead.includes(op)) continue;
      looked++;
      if (next !== UNSEEN && machine.serves(next, op)) continue;
      const origins = machine.origins(op);
      if (origins !== undefined && origins.every((origin) => origin === by || this.isSpent(event, node, origin, op))) return true;
    }
    return false;
  }

  private isSpent(event: number, node: Configuration, op: number, before: number): boolean {
    const { begin, end } = this.timeline;
    return (end[op] as number) < event || (begin[op] as number) > (end[before] as number) || node.ahead.includes(op) || node.used.includes(op);
  }
}

function inserted(sorted: readonly number[], op: number): number[] {
  let place = sorted.length;
  while (place > 0 && (sorted[place - 1] as number) > op) place--;
  return [...sorted.slice(0, place), op, ...sorted.slice(place)];
}

/** The first of these operations, which stand in order of their ends, that ends at `event` or later. */
function firstFrom(operations: readonly number[], end: Int32Array, event: number): number {
  let low = 0;
  let high = operations.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((end[operations[middle] as number] as number) < event) low = middle + 1;
    else high = middle;
  }
  return low;
}

const weight = ({ ahead, used }: Configuration): number => NODE_BYTES + 8 * (ahead.length + used.length);
