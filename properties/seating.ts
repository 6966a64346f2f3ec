// Our own reading of a configuration: who has a seat, and who makes a majority. The kernel's is what is judged, so nothing of
// it is used here.

import type { NodeId } from '../kernel/base/ids.ts';
import type { Configuration, Seat } from '../kernel/raft/configuration.ts';

export class Seating {
  readonly configuration: Configuration;
  /** Everybody with a seat, once. */
  readonly seats: readonly Seat[];
  /** Places of those who vote; while joint, of those who voted before, too: each set needs a majority of its own. */
  readonly electorates: readonly (readonly number[])[];
  /** How many votes are enough in the first of them. */
  readonly needed: number;

  constructor(configuration: Configuration) {
    this.configuration = configuration;
    const seats: Seat[] = [];
    for (const list of [configuration.voters, configuration.outgoing, configuration.learners]) {
      for (const seat of list) if (!seats.some((one) => one.node === seat.node && one.life === seat.life)) seats.push(seat);
    }
    this.seats = seats;
    const sets = [configuration.voters, configuration.outgoing].filter((set) => set.length > 0);
    this.electorates = sets.map((set) => set.map(({ node, life }) => this.placeOf(node, life)));
    this.needed = enoughOf(configuration.voters.length);
  }

  /** -1 if that life of the node has no seat. */
  placeOf(node: NodeId, life: number): number {
    for (let place = 0; place < this.seats.length; place++) {
      const seat = this.seats[place] as Seat;
      if (seat.node === node && seat.life === life) return place;
    }
    return -1;
  }

  /** True if one voter decides alone. */
  get isSole(): boolean {
    return this.electorates.every((set) => set.length === 1);
  }

  votes(granted: (seat: Seat) => boolean): number {
    return (this.electorates[0] as readonly number[]).filter((place) => granted(this.seats[place] as Seat)).length;
  }

  carries(granted: (seat: Seat) => boolean): boolean {
    return this.electorates.every((set) => set.filter((place) => granted(this.seats[place] as Seat)).length >= enoughOf(set.length));
  }

  /** The highest index that a majority holds, of each set that needs one; by place: what each seat holds. */
  agreed(held: Float64Array): number {
    let agreed = Number.MAX_SAFE_INTEGER;
    for (const set of this.electorates) {
      const enough = enoughOf(set.length);
      let best = 0;
      for (let a = 0; a < set.length; a++) {
        const candidate = held[set[a] as number] as number;
        if (candidate <= best) continue;
        let holders = 0;
        for (let b = 0; b < set.length; b++) if ((held[set[b] as number] as number) >= candidate) holders++;
        if (holders >= enough) best = candidate;
      }
      if (best < agreed) agreed = best;
    }
    return agreed;
  }
}

/** More than half. */
function enoughOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

export const hasSeat = (seats: readonly Seat[], node: NodeId, life: number): boolean => seats.some((seat) => seat.node === node && seat.life === life);

export const sameSeats = (a: readonly Seat[], b: readonly Seat[]): boolean => a.length === b.length && a.every(({ node, life }) => hasSeat(b, node, life));

/** Is every majority of the one sure to meet every majority of the other? */
export function overlap(a: readonly Seat[], b: readonly Seat[]): boolean {
  const all = [...a, ...b.filter(({ node, life }) => !hasSeat(a, node, life))];
  return enoughOf(a.length) + enoughOf(b.length) > all.length;
}
