// A state of the small world as a row of words: the members' states, what is used up of the bounds, and the frames under way.
// Frames are a set: one that is sent again while the same is under way is a copy, and copies are bounded apart (duplicates).

import { finish, mix } from '../../kernel/base/digest.ts';
import type { Bounds } from './bounds.ts';
import { CLAIMS, isKept, judgePair, type Sight, type Violation } from './claims.ts';
import { FIRST_TERM } from './member.ts';
import { BEAT, CRASH, DELIVER, Members, PROPOSE, READ, STAND, type Frame, type Step } from './members.ts';
import { Pairs } from './pairs.ts';
import { isPastAnswer, isPastRequest } from './past.ts';

/** More frames than that are never under way: what does not fit is lost, and the search is not complete. */
const MAX_UNDER_WAY = 200;

/** What is used up, and what the client knows: fields of one word. */
const PROPOSED = { at: 0, bits: 7 };
const CRASHED = { at: 3, bits: 7 };
const DOUBLED = { at: 6, bits: 7 };
const BEATEN = { at: 9, bits: 15 };
const ASKED = { at: 13, bits: 3 };
/** The proposal that the client was told has won; 0: it was told of none. */
const TOLD = { at: 15, bits: 7 };
/** A bit for each read that was asked after that. */
const AWARE = { at: 18, bits: 15 };

type Field = typeof PROPOSED;
const get = (tally: number, field: Field): number => (tally >>> field.at) & field.bits;
const set = (tally: number, field: Field, value: number): number => (tally & ~(field.bits << field.at)) | (value << field.at);

const KINDS = [STAND, BEAT, PROPOSE, READ, CRASH] as const;

/** What an action did: it was not possible or would come to nothing, it was done, or it broke something. */
export type Outcome = 'impossible' | 'done' | Violation;

export class World {
  readonly bounds: Bounds;
  readonly members: Members;
  readonly width: number;
  /** True once a frame was lost for want of room. */
  overflowed = false;
  /** By claim: states in which there was something to judge; of claims about steps, different steps. */
  private readonly judged: number[] = CLAIMS.map(() => 0);
  /** Of the row that was hashed last. */
  keyHigh = 0;
  keyLow = 0;
  private readonly tallyAt: number;
  private readonly countAt: number;
  private readonly sumsAt: number;
  private readonly framesAt: number;
  private readonly words: number;
  private readonly maxTerm: number;
  private readonly pairs = new Pairs();
  private readonly verdicts: (number | Violation)[] = [];
  private readonly sights: Sight[] = [];

  constructor(bounds: Bounds) {
    this.bounds = bounds;
    this.members = new Members(bounds);
    this.words = this.members.renamings.length * 2;
    this.tallyAt = bounds.nodes;
    this.countAt = bounds.nodes + 1;
    this.sumsAt = bounds.nodes + 2;
    this.framesAt = this.sumsAt + this.words;
    this.width = this.framesAt + MAX_UNDER_WAY;
    this.maxTerm = FIRST_TERM + bounds.terms;
  }

  get checks(): readonly number[] {
    const steps = this.members.steps.length;
    return [...this.judged.slice(0, 6), this.members.votes, steps, this.judged[8] as number, steps];
  }

  first(): Int32Array {
    const row = new Int32Array(this.width);
    this.members.first().forEach((state, place) => {
      row[place] = state;
      for (let word = 0; word < this.words; word++) row[this.sumsAt + word] = ((row[this.sumsAt + word] as number) + (this.members.stateHashes[state * this.words + word] as number)) | 0;
    });
    return row;
  }

  /** How many actions there may be in a state; they are numbered from 0. */
  actions(row: Int32Array): number {
    return this.bounds.nodes * KINDS.length + (row[this.countAt] as number) * 2;
  }

  /** Does an action: `child` becomes the state after it. */
  act(row: Int32Array, action: number, child: Int32Array): Outcome {
    const local = this.bounds.nodes * KINDS.length;
    if (action >= local) return this.deliver(row, (action - local) >> 1, ((action - local) & 1) === 1, child);
    const place = (action / KINDS.length) | 0;
    const sight = this.members.sightOf(row[place] as number);
    const tally = row[this.tallyAt] as number;
    switch (KINDS[action % KINDS.length]) {
      case STAND:
        return sight.leads || sight.term >= this.maxTerm ? 'impossible' : this.put(row, place, STAND, tally, -1, child);
      case BEAT:
        return sight.leads ? this.spend(row, place, BEAT, tally, BEATEN, this.bounds.heartbeats, child) : 'impossible';
      case CRASH:
        return this.spend(row, place, CRASH, tally, CRASHED, this.bounds.crashes, child);
      case PROPOSE:
        return sight.leads ? this.spend(row, place, PROPOSE + get(tally, PROPOSED) + 1, tally, PROPOSED, this.bounds.entries, child) : 'impossible';
      default:
        return sight.leads ? this.read(row, place, tally, child) : 'impossible';
    }
  }

  /** Which member an action is of, and the code of what it does. */
  actionOf(row: Int32Array, action: number): { readonly place: number; readonly code: number } {
    const local = this.bounds.nodes * KINDS.length;
    if (action >= local) {
      const frame = row[this.framesAt + ((action - local) >> 1)] as number;
      return { place: (this.members.frames[frame] as Frame).to - 1, code: DELIVER + frame };
    }
    const kind = KINDS[action % KINDS.length] as (typeof KINDS)[number];
    const tally = row[this.tallyAt] as number;
    return { place: (action / KINDS.length) | 0, code: kind === PROPOSE ? PROPOSE + get(tally, PROPOSED) + 1 : kind === READ ? READ + get(tally, ASKED) + 1 : kind };
  }

  private spend(row: Int32Array, place: number, code: number, tally: number, field: Field, most: number, child: Int32Array): Outcome {
    const used = get(tally, field);
    return used >= most ? 'impossible' : this.put(row, place, code, set(tally, field, used + 1), -1, child);
  }

  private read(row: Int32Array, place: number, tally: number, child: Int32Array): Outcome {
    const number = get(tally, ASKED) + 1;
    if (number > this.bounds.reads) return 'impossible';
    const aware = get(tally, AWARE) | (get(tally, TOLD) === 0 ? 0 : 1 << number);
    return this.put(row, place, READ + number, set(set(tally, ASKED, number), AWARE, aware), -1, child);
  }

  private deliver(row: Int32Array, place: number, stays: boolean, child: Int32Array): Outcome {
    const frame = row[this.framesAt + place] as number;
    const to = (this.members.frames[frame] as Frame).to - 1;
    const tally = row[this.tallyAt] as number;
    if (this.members.isStandIn(frame)) return stays ? 'impossible' : this.put(row, to, DELIVER + frame, tally, -1, child);
    if (!stays) return this.put(row, to, DELIVER + frame, tally, frame, child);
    return this.spend(row, to, DELIVER + frame, tally, DOUBLED, this.bounds.duplicates, child);
  }

  private put(row: Int32Array, place: number, code: number, tally: number, taken: number, child: Int32Array): Outcome {
    const before = row[place] as number;
    const step = this.members.step(before, code);
    if (step.violation !== undefined) return step.violation;
    if (step.next === before && step.told.length === 0 && step.reads.length === 0 && this.areUnderWay(row, step.frames, taken)) return 'impossible';
    const { countAt, sumsAt, framesAt, words } = this;
    const count = row[countAt] as number;
    for (let word = 0, end = framesAt + count; word < end; word++) child[word] = row[word] as number;
    const hashes = this.members.stateHashes;
    child[place] = step.next;
    if (step.next !== before) {
      const from = before * words;
      const to = step.next * words;
      for (let word = 0; word < words; word++) child[sumsAt + word] = (child[sumsAt + word] as number) - (hashes[from + word] as number) + (hashes[to + word] as number);
    }
    if (taken >= 0) this.takeOff(child, taken);
    if (step.next !== before && !this.bounds.late) this.forgetPast(child, place, this.members.sightOf(before), this.members.sightOf(step.next));
    for (let k = 0; k < step.frames.length; k++) this.send(child, step.frames[k] as number);
    if (step.told.length === 0 && step.reads.length === 0) {
      child[this.tallyAt] = tally;
      return 'done';
    }
    return this.tell(child, tally, step);
  }

  /** If so, nothing comes of the action but that a frame, or a bound, is used up. What can happen then can happen without it. */
  private areUnderWay(row: Int32Array, frames: readonly number[], taken: number): boolean {
    const end = this.framesAt + (row[this.countAt] as number);
    for (const sent of frames) {
      const frame = this.asItCounts(row, sent);
      let at = this.framesAt;
      while (at < end && row[at] !== frame) at++;
      if ((at === end || frame === taken) && !this.comesTooLate(row, frame)) return false;
    }
    return true;
  }

  /** Frames to a member whose time was over with its last step. */
  private forgetPast(row: Int32Array, place: number, before: Sight, after: Sight): void {
    if (before.term === after.term && before.stands === after.stands) return;
    const { frames } = this.members;
    for (let at = this.framesAt + (row[this.countAt] as number) - 1; at >= this.framesAt; at--) {
      const frame = row[at] as number;
      const { to, message } = frames[frame] as Frame;
      if (to !== place + 1) continue;
      if (isPastAnswer(message, after)) this.takeOff(row, frame);
      else if (isPastRequest(message, after) && !this.members.isStandIn(frame)) {
        this.takeOff(row, frame);
        this.hold(row, this.members.standIn(frame));
        // Its place in the row is another: all are looked at again.
        at = this.framesAt + (row[this.countAt] as number);
      }
    }
  }

  private comesTooLate(row: Int32Array, frame: number): boolean {
    const { to, message } = this.members.frames[frame] as Frame;
    return !this.bounds.late && isPastAnswer(message, this.members.sightOf(row[to - 1] as number));
  }

  /** Frames stand in the order of their numbers, so that the same set is the same row. */
  private takeOff(row: Int32Array, frame: number): void {
    const end = this.framesAt + (row[this.countAt] as number) - 1;
    let at = this.framesAt;
    while (row[at] !== frame) at++;
    for (; at < end; at++) row[at] = row[at + 1] as number;
    row[end] = 0;
    row[this.countAt] = (row[this.countAt] as number) - 1;
    const hashes = this.members.frameHashes;
    for (let word = 0; word < this.words; word++) row[this.sumsAt + word] = (row[this.sumsAt + word] as number) - (hashes[frame * this.words + word] as number);
  }

  private send(row: Int32Array, frame: number): void {
    if (this.comesTooLate(row, frame)) return;
    this.hold(row, this.asItCounts(row, frame));
  }

  /** The frame itself, or what stands for it if its time is over. */
  private asItCounts(row: Int32Array, frame: number): number {
    const { to, message } = this.members.frames[frame] as Frame;
    return !this.bounds.late && isPastRequest(message, this.members.sightOf(row[to - 1] as number)) ? this.members.standIn(frame) : frame;
  }

  private hold(row: Int32Array, frame: number): void {
    const count = row[this.countAt] as number;
    let at = this.framesAt + count;
    while (at > this.framesAt && (row[at - 1] as number) > frame) at--;
    if (at > this.framesAt && row[at - 1] === frame) return;
    if (count === MAX_UNDER_WAY) return void (this.overflowed = true);
    for (let k = this.framesAt + count; k > at; k--) row[k] = row[k - 1] as number;
    row[at] = frame;
    row[this.countAt] = count + 1;
    const hashes = this.members.frameHashes;
    for (let word = 0; word < this.words; word++) row[this.sumsAt + word] = (row[this.sumsAt + word] as number) + (hashes[frame * this.words + word] as number);
  }

  /** The client hears answers at once: a later one would only know less. */
  private tell(child: Int32Array, before: number, step: Step): Outcome {
    let tally = before;
    for (const winner of [...step.told, ...step.reads.map((read) => read.winner)]) {
      const told = get(tally, TOLD);
      if (winner !== 0 && told !== 0 && winner !== told) return { claim: 'single-decide', text: `a client is told that proposal ${winner} has won, and one was told that ${told} had` };
      if (winner !== 0) tally = set(tally, TOLD, winner);
    }
    for (const { number, winner } of step.reads) {
      const aware = (get(before, AWARE) >>> number) & 1;
      if (aware === 1) this.judged[8] = (this.judged[8] as number) + 1;
      if (aware === 1 && winner === 0) return { claim: 'fresh-reads', text: `read ${number} finds no decision, and a client had been told of one before it was asked` };
    }
    child[this.tallyAt] = tally;
    return 'done';
  }

  /** Sets the key: of all names the members may have, those under which the hash is least. */
  hash(row: Int32Array): void {
    const tally = row[this.tallyAt] as number;
    let high = 0;
    let low = 0;
    for (let word = 0; word < this.words; word += 2) {
      const h = finish(mix(row[this.sumsAt + word] as number, tally));
      const l = finish(mix(row[this.sumsAt + word + 1] as number, tally ^ 0x5bd1e995));
      if (word === 0 || h < high || (h === high && l < low)) {
        high = h;
        low = l;
      }
    }
    this.keyHigh = high;
    this.keyLow = low;
  }

  /** Judges a state that was not seen before. */
  judge(row: Int32Array): Violation | undefined {
    const { nodes } = this.bounds;
    let judged = 0;
    for (let a = 0; a < nodes; a++) {
      for (let b = a + 1; b < nodes; b++) {
        const verdict = this.verdictOf(row[a] as number, row[b] as number);
        if (typeof verdict !== 'number') return verdict;
        judged |= verdict;
      }
    }
    for (let claim = 0; claim < 5; claim++) if ((judged >> claim) & 1) this.judged[claim] = (this.judged[claim] as number) + 1;
    return this.judgeKept(row);
  }

  private verdictOf(a: number, b: number): number | Violation {
    const known = this.pairs.find(a, b);
    if (known >= 0) return this.verdicts[known] as number | Violation;
    const verdict = judgePair(this.members.sightOf(a), this.members.sightOf(b));
    this.pairs.add(a, b);
    this.verdicts.push(verdict);
    return verdict;
  }

  private judgeKept(row: Int32Array): Violation | undefined {
    const sights = this.sights;
    let most = 0;
    for (let place = 0; place < this.bounds.nodes; place++) {
      const sight = (sights[place] = this.members.sightOf(row[place] as number));
      if (sight.commit > (sights[most] as Sight).commit) most = place;
    }
    const one = sights[most] as Sight;
    if (one.commit === 1) return undefined;
    this.judged[5] = (this.judged[5] as number) + 1;
    return isKept(one, sights) ? undefined : { claim: 'kept-by-majority', text: `node ${one.node} has committed up to ${one.commit}, and no majority holds that` };
  }
}
