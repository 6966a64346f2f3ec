// Which configuration is in force at which node, and which life each node is in. A configuration is announced by its node when
// it comes into force; that it stands in the log at the place named is checked against the entries that crossed the wire, and
// that nobody acknowledges one without having announced it. Lives are read from the journals: a node that begins anew says so
// in the first event of that start.

import type { GroupId, NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Cause, Event } from '../kernel/event.ts';
import type { Fact } from '../kernel/fact.ts';
import type { KernelImage } from '../kernel/image.ts';
import type { Parameters } from '../kernel/parameters.ts';
import { founding, type Configuration } from '../kernel/raft/configuration.ts';
import type { Standing } from '../kernel/raft/standing.ts';
import type { JournalReader, Journals } from './journals.ts';
import { Seating } from './seating.ts';

/** A configuration in force at a node, and the place of the log it is from. */
export interface InForce {
  readonly index: number;
  readonly term: number;
  readonly seating: Seating;
}

export interface MembershipsReader {
  /** Another configuration is in force at a node than before. */
  configured?(node: NodeId, group: GroupId, now: InForce, at: Micros): void;
  reborn?(node: NodeId, at: Micros): void;
}

export class Memberships implements JournalReader {
  private readonly founding: (InForce | undefined)[] = [];
  /** By node, then by group; nothing: the founding one. */
  private readonly announced: (InForce | undefined)[][];
  private readonly lives: Float64Array;
  /** By node: the life of each of its incarnations. A new life may have a lower incarnation than the one that is over. */
  private readonly lived: Map<number, number>[];
  private readonly readers: MembershipsReader[] = [];

  constructor(parameters: Parameters, journals: Journals) {
    for (const group of parameters.groups) this.founding[group.id] = { index: 0, term: 0, seating: new Seating(founding(group.voters)) };
    this.announced = Array.from({ length: parameters.nodes + 1 }, () => []);
    this.lives = new Float64Array(parameters.nodes + 1);
    this.lived = Array.from({ length: parameters.nodes + 1 }, () => new Map());
    journals.read(this);
  }

  /** What was in force, and in which life each node was, before the run began. */
  goOnFrom(images: readonly KernelImage[]): void {
    for (const image of images) {
      this.lives[image.self] = image.peers.born;
      const ids = image.parameters.groups.map((group) => group.id).sort((a, b) => a - b);
      image.groups.forEach((raft, place) => {
        const { index, term, configuration } = raft.standings[raft.standings.length - 1] as Standing;
        (this.announced[image.self] as (InForce | undefined)[])[ids[place] as GroupId] = { index, term, seating: new Seating(configuration) };
      });
    }
  }

  read(reader: MembershipsReader): void {
    this.readers.push(reader);
  }

  lifeOf(node: NodeId): number {
    return this.lives[node] as number;
  }

  /** The life in which a node said what it said under this incarnation. */
  lifeIn(node: NodeId, incarnation: number): number {
    return this.lived[node]?.get(incarnation) ?? this.lifeOf(node);
  }

  inForce(node: NodeId, group: GroupId): InForce | undefined {
    return this.announced[node]?.[group] ?? this.founding[group];
  }

  recovered(node: NodeId, _event: Event, cause: Extract<Cause, { kind: 'recovered' }>, now: Micros): void {
    if (cause.reborn) this.lives[node] = cause.incarnation;
    (this.lived[node] as Map<number, number>).set(cause.incarnation, this.lives[node] as number);
    if (!cause.reborn) return;
    this.announced[node] = [];
    for (const reader of this.readers) reader.reborn?.(node, now);
  }

  fact(node: NodeId, fact: Fact, now: Micros): void {
    if (fact.kind !== 'configured') return;
    const known = this.inForce(node, fact.group);
    const same = known !== undefined && known.seating.configuration.hash === fact.configuration.hash;
    const standing = { index: fact.index, term: fact.term, seating: same ? known.seating : new Seating(fact.configuration) };
    (this.announced[node] as (InForce | undefined)[])[fact.group] = standing;
    for (const reader of this.readers) reader.configured?.(node, fact.group, standing, now);
  }
}

export function describeConfiguration(c: Configuration): string {
  const seats = (list: Configuration['voters']): string => list.map(({ node, life }) => (life === 0 ? `${node}` : `${node} (life ${life})`)).join(', ') || 'none';
  return `configuration ${c.number}: voters ${seats(c.voters)}; before ${seats(c.outgoing)}; learners ${seats(c.learners)}`;
}
