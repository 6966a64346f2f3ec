// Who is a member of a group, and what makes a majority of it (Ongaro, chapter 4). A configuration is an entry of the log and
// is in force as soon as it is appended. While `outgoing` is not empty it is joint: whatever needs a majority needs one of the
// voters and one of those that were voters before. Learners get the log, and neither vote nor count.
//
// A seat names a node and the life of it that was given the seat. A node that lost what it had promised begins a new life, and
// nothing that it says in the new one counts for the seat of the old one.

import { Refused, type Codec, type Reader, type Writer } from '../base/codec.ts';
import { finish, mix, mixUint } from '../base/digest.ts';
import { nodeId, type NodeId } from '../base/ids.ts';

export interface Seat {
  readonly node: NodeId;
  /** 0: the life that a node of the founding configuration begins with. */
  readonly life: number;
}

/** What was last asked for: the leader leads the group there, step by step. */
export interface Goal {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

export interface Configuration {
  /** Counts the changes of the group. */
  readonly number: number;
  readonly voters: readonly Seat[];
  readonly outgoing: readonly Seat[];
  readonly learners: readonly Seat[];
  readonly goal: Goal;
  readonly hash: number;
}

/** Of each of the four lists of seats, and of the two of the goal. */
export const MAX_SEATS = 64;
/** 2^48: no honest count gets there, so that what is reckoned with it stays exact. */
const MAX_NUMBER = 0x1000000000000;

export function configuration(number: number, voters: readonly Seat[], outgoing: readonly Seat[], learners: readonly Seat[], goal: Goal): Configuration {
  let h = mixUint(11, number);
  for (const seats of [voters, outgoing, learners]) {
    h = mix(h, seats.length);
    for (const { node, life } of seats) h = mixUint(mix(h, node), life);
  }
  for (const nodes of [goal.voters, goal.learners]) {
    h = mix(h, nodes.length);
    for (const node of nodes) h = mix(h, node);
  }
  return { number, voters, outgoing, learners, goal, hash: finish(h) };
}

/** What a group begins with, in no entry of any log. */
export function founding(voters: readonly NodeId[]): Configuration {
  const sorted = [...voters].sort((a, b) => a - b);
  return configuration(0, sorted.map((node) => ({ node, life: 0 })), [], [], { voters: sorted, learners: [] });
}

export const isJoint = (c: Configuration): boolean => c.outgoing.length > 0;

export const holds = (seats: readonly Seat[], node: NodeId): boolean => seats.some((seat) => seat.node === node);

const isSeat = (seats: readonly Seat[], one: Seat): boolean => seats.some((seat) => seat.node === one.node && seat.life === one.life);

/** Could an honest leader have put this into its log? It comes from outside. */
export function isSound(c: Configuration): boolean {
  const { voters, outgoing, learners, goal } = c;
  if (voters.length === 0 || goal.voters.length === 0 || c.number > MAX_NUMBER) return false;
  for (const seats of [voters, outgoing, learners]) for (const { life } of seats) if (life > MAX_NUMBER) return false;
  if (!ascend(voters) || !ascend(outgoing) || !ascend(learners) || !ascendNodes(goal.voters) || !ascendNodes(goal.learners)) return false;
  for (const { node, life } of outgoing) if (voters.some((seat) => seat.node === node && seat.life !== life)) return false;
  return learners.every(({ node }) => !holds(voters, node) && !holds(outgoing, node)) && goal.learners.every((node) => !goal.voters.includes(node));
}

function ascend(seats: readonly Seat[]): boolean {
  return ascendNodes(seats.map((seat) => seat.node));
}

function ascendNodes(nodes: readonly NodeId[]): boolean {
  return nodes.every((node, place) => node > 0 && (place === 0 || (nodes[place - 1] as NodeId) < node));
}

/** Two majorities of which one is of `a` and one of `b` always share a voter: no joint configuration is needed between them. */
export function differByOne(a: readonly Seat[], b: readonly Seat[]): boolean {
  const gone = a.filter((seat) => !isSeat(b, seat)).length;
  const come = b.filter((seat) => !isSeat(a, seat)).length;
  return gone + come <= 1;
}

/** A configuration laid out for counting. Places are dealt to voters first, then to outgoing ones, then to learners. */
export class Electorate {
  readonly configuration: Configuration;
  readonly seats: readonly Seat[];
  readonly nodes: readonly NodeId[];
  /** How many places are those of voters; and of voters and outgoing ones. */
  readonly voters: number;
  readonly voting: number;
  /** How many voters make a majority. */
  readonly quorum: number;
  /** Places of those that were voters before; empty unless joint. */
  readonly before: readonly number[];
  private readonly places: readonly (number | undefined)[];

  constructor(c: Configuration) {
    this.configuration = c;
    const seats = [...c.voters, ...c.outgoing.filter(({ node }) => !holds(c.voters, node)), ...c.learners];
    this.seats = seats;
    this.nodes = seats.map((seat) => seat.node);
    this.voters = c.voters.length;
    this.voting = seats.length - c.learners.length;
    this.quorum = majorityOf(c.voters.length);
    const places: (number | undefined)[] = [];
    seats.forEach((seat, place) => (places[seat.node] = place));
    this.places = places;
    this.before = c.outgoing.map(({ node }) => places[node] as number);
  }

  /** The place of a node in that life of it; undefined if it has none. */
  placeOf(node: NodeId, life: number): number | undefined {
    const place = this.places[node];
    return place !== undefined && (this.seats[place] as Seat).life === life ? place : undefined;
  }

  isVoter(node: NodeId, life: number): boolean {
    const place = this.placeOf(node, life);
    return place !== undefined && place < this.voting;
  }

  /** Do those that say yes, by place, make a majority, and while joint one of before as well? */
  agree(yes: (place: number) => boolean): boolean {
    let count = 0;
    for (let place = 0; place < this.voters; place++) if (yes(place)) count++;
    if (count < this.quorum) return false;
    if (this.before.length === 0) return true;
    count = 0;
    for (const place of this.before) if (yes(place)) count++;
    return count >= majorityOf(this.before.length);
  }
}

export const majorityOf = (count: number): number => (count >> 1) + 1;

const seatCodec: Codec<Seat> = {
  write(w: Writer, seat: Seat): void {
    w.array(2);
    w.uint(seat.node);
    w.uint(seat.life);
  },
  read(r: Reader): Seat {
    r.tuple(2);
    return { node: nodeId(r.uint(0xffff)), life: r.uint() };
  },
};

export const nodeCodec: Codec<NodeId> = { write: (w: Writer, node: NodeId): void => w.uint(node), read: (r: Reader): NodeId => nodeId(r.uint(0xffff)) };

export const goalCodec: Codec<Goal> = {
  write(w: Writer, goal: Goal): void {
    w.array(2);
    w.list(nodeCodec, goal.voters);
    w.list(nodeCodec, goal.learners);
  },
  read(r: Reader): Goal {
    r.tuple(2);
    return { voters: r.list(nodeCodec, MAX_SEATS), learners: r.list(nodeCodec, MAX_SEATS) };
  },
};

export const configurationCodec: Codec<Configuration> = {
  write(w: Writer, c: Configuration): void {
    w.array(5);
    w.uint(c.number);
    w.list(seatCodec, c.voters);
    w.list(seatCodec, c.outgoing);
    w.list(seatCodec, c.learners);
    goalCodec.write(w, c.goal);
  },
  read(r: Reader): Configuration {
    r.tuple(5);
    const c = configuration(r.uint(), r.list(seatCodec, MAX_SEATS), r.list(seatCodec, MAX_SEATS), r.list(seatCodec, MAX_SEATS), goalCodec.read(r));
    if (!isSound(c)) throw new Refused('a configuration that no leader makes');
    return c;
  },
};
