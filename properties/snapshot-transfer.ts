// What a follower makes of a snapshot that comes in chunks, from the messages in its journal: it says that it has no more of it than
// arrived, installs one only if every chunk of it arrived as its leader had stored it, and takes one for damaged only if a chunk was.

import type { Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import { CHUNK_BYTES } from '../kernel/content.ts';
import type { Cause } from '../kernel/event.ts';
import type { Fact } from '../kernel/fact.ts';
import type { KernelImage } from '../kernel/image.ts';
import type { SnapshotChunk, SnapshotReply } from '../kernel/raft/message.ts';
import type { Contents, ContentsReader, Stored } from './contents.ts';
import type { JournalReader } from './journals.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';
import type { WireReader } from './wire.ts';

/** Transfers remembered per node. */
const REMEMBERED = 64;

/** What a node got of one content. */
interface Arrival {
  readonly group: number;
  readonly index: number;
  readonly content: string;
  readonly chunks: number;
  /** Where the chunks begin that arrived, and those that arrived as they were stored. */
  readonly arrived: Set<number>;
  readonly intact: Set<number>;
  damaged: boolean;
  /** Nobody knows how its chunks should have been. */
  unknown: boolean;
}

class SnapshotTransfer extends Verdicts implements JournalReader, WireReader, ContentsReader {
  private readonly contents: Contents;
  private readonly arrivals: readonly Arrival[][];
  /** By node: what it has got before the run began is not known. */
  private readonly amid: Set<NodeId> = new Set();

  constructor(run: RunView, from: Reconstruction) {
    super('snapshot-transfer', run);
    this.contents = from.contents;
    this.contents.read(this);
    from.journals.read(this);
    from.wire.read(this);
    this.arrivals = Array.from({ length: run.parameters.nodes + 1 }, () => []);
  }

  goesOnFrom(images: readonly KernelImage[]): void {
    for (const image of images) if (image.groups.some((group) => group.assembly !== undefined)) this.amid.add(image.self);
  }

  beginsAmid(node: NodeId): void {
    this.amid.add(node);
  }

  stored({ node, sequence, group, snapshot }: Stored, now: Micros): void {
    if (snapshot === undefined) this.violated(now, [node], `node ${node} stores as a snapshot of group ${group} what nobody can read as one`, [], sequence);
  }

  heard(node: NodeId, { message }: Extract<Cause, { kind: 'message' }>): void {
    if (message.kind !== 'snapshot') return;
    const arrival = this.arrivalOf(node, message);
    const intact = this.contents.isIntact(message.content, message.offset, message.bytes);
    arrival.arrived.add(message.offset);
    if (intact === undefined) arrival.unknown = true;
    else if (intact) arrival.intact.add(message.offset);
    else arrival.damaged = true;
  }

  repliesSnapshot({ from, sequence }: Frame, message: SnapshotReply, now: Micros): void {
    if (message.is !== 'wanting' || this.amid.has(from)) return;
    const arrived = (this.arrivals[from] as Arrival[]).find((one) => one.content === message.content && one.group === message.group)?.arrived;
    let end = 0;
    while (arrived?.has(end) === true) end += CHUNK_BYTES;
    this.checks++;
    if (message.offset <= end) return;
    this.violated(now, [from], `node ${from} wants byte ${message.offset} of a snapshot at index ${message.index} of group ${message.group}, of which it got ${end} bytes`, [`content ${message.content}`], sequence);
  }

  private arrivalOf(node: NodeId, { group, index, content, length }: SnapshotChunk): Arrival {
    const arrivals = this.arrivals[node] as Arrival[];
    const known = arrivals.find((one) => one.content === content && one.index === index && one.group === group);
    if (known !== undefined) return known;
    const arrival: Arrival = { group, index, content, chunks: Math.ceil(length / CHUNK_BYTES), intact: new Set(), arrived: new Set(), damaged: false, unknown: false };
    arrivals.push(arrival);
    if (arrivals.length > REMEMBERED) arrivals.shift();
    return arrival;
  }

  fact(node: NodeId, fact: Fact, _at: Micros, now: Micros): void {
    if (fact.kind === 'snapshotInstalled') this.installed(node, fact, now);
    else if (fact.kind === 'contentDamaged') this.tookForDamaged(node, fact, now);
  }

  private installed(node: NodeId, fact: Extract<Fact, { kind: 'snapshotInstalled' }>, now: Micros): void {
    const arrivals = (this.arrivals[node] as Arrival[]).filter((one) => one.group === fact.group && one.index === fact.index);
    if (this.amid.has(node) || arrivals.some((one) => one.unknown)) return;
    this.checks++;
    if (arrivals.some((one) => one.intact.size === one.chunks)) return;
    const got = arrivals.map((one) => `of content ${one.content} ${one.intact.size} of ${one.chunks} chunks arrived intact${one.damaged ? ', and others damaged' : ''}`);
    this.violated(now, [node], `node ${node} installs a snapshot at index ${fact.index} of group ${fact.group} that it did not get whole`, got);
  }

  private tookForDamaged(node: NodeId, fact: Extract<Fact, { kind: 'contentDamaged' }>, now: Micros): void {
    const arrival = (this.arrivals[node] as Arrival[]).find((one) => one.content === fact.content && one.group === fact.group);
    if (this.amid.has(node) || arrival?.unknown === true) return;
    this.checks++;
    if (arrival?.damaged === true) return;
    this.violated(now, [node], `node ${node} takes a snapshot at index ${fact.index} of group ${fact.group} for damaged, of which nothing but intact chunks arrived`, [
      `content ${fact.content}: ${arrival?.intact.size ?? 0} of ${arrival?.chunks ?? 0} chunks`,
    ]);
  }
}

export const snapshotTransfer: Property = {
  id: 'snapshot-transfer',
  claim: 'A follower has of a snapshot what arrived, installs it only if it is whole, and takes it for damaged only if it is',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new SnapshotTransfer(run, from)),
};
