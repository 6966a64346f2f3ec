// A group that nobody asks anything costs nothing. Its leader says that it rests, and then nobody in it says anything, until
// somebody asks or time brings something to do. Judged on a quiet network, of groups that have the members they were founded
// with, all of them up and none ever damaged: another one stays awake for good reason. What keeps a group busy is seen on the
// wire: entries, a new round of confirmation, and who asks.

import type { Property, RunView, Watch, WorldView } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import type { GroupId, NodeId } from '../kernel/base/ids.ts';
import { NEVER, type Micros } from '../kernel/base/time.ts';
import type { Fact } from '../kernel/fact.ts';
import type { Append } from '../kernel/raft/message.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';
import type { WireReader } from './wire.ts';

/** Heartbeats until everybody has been told three times, and a few that cross. */
const BEATS = 8;
/** So many groups may be overheard: a message that says "rest" is not answered, and may be late. */
const ONE_IN = 4;
const LEAST = 8;

interface Overheard {
  busyAt: Micros;
  round: number;
  term: number;
  /** It had been idle for long enough, and was heard all the same. */
  heard: boolean;
}

class Silence extends Verdicts implements WireReader {
  private readonly groups: Overheard[] = [];
  private readonly founded: (readonly NodeId[])[] = [];
  private readonly gone: Uint8Array;
  private readonly restsWithin: Micros;
  private from: Micros = NEVER;

  constructor(run: RunView, from: Reconstruction) {
    super('silence', run);
    const { raft, nodes, groups } = run.parameters;
    this.gone = new Uint8Array(nodes + 1);
    this.restsWithin = raft.restAfterUs === 0 ? NEVER : raft.restAfterUs + BEATS * raft.heartbeatUs;
    for (const { id, voters } of groups) {
      this.founded[id] = voters;
      this.groups[id] = { busyAt: 0, round: 0, term: 0, heard: false };
    }
    from.wire.read(this);
  }

  healed(now: Micros): void {
    this.from = now + this.run.livenessBoundUs;
  }

  /** An order of a person's. */
  faultBegan(_kind: string, _nodes: readonly NodeId[], now: Micros): void {
    if (now >= this.from - this.run.livenessBoundUs) this.from = NEVER;
  }

  damaged(node: NodeId): void {
    this.gone[node] = 1;
  }

  refused(node: NodeId): void {
    this.gone[node] = 1;
  }

  /** It has got other members. */
  fact(_node: NodeId, fact: Fact): void {
    if (fact.kind === 'configured' && fact.index > 0) this.founded[fact.group] = [];
  }

  appended(_frame: Frame, message: Append, now: Micros): void {
    const group = this.groups[message.group];
    if (group === undefined) return;
    const isNews = message.entries.length > 0 || message.term > group.term || message.round > group.round;
    if (isNews) {
      group.busyAt = now;
      group.term = message.term;
      group.round = message.round;
    } else if (now >= this.from && now - group.busyAt > this.restsWithin) group.heard = true;
  }

  finished({ now, nodes }: WorldView): void {
    if (nodes.length === 0 || now < this.from + this.restsWithin) return;
    const judged = this.groups.filter((group, id) => now - group.busyAt > this.restsWithin && this.isWhole(id as GroupId));
    if (judged.length < LEAST) return;
    this.checks++;
    const heard = judged.filter((group) => group.heard).length;
    if (heard * ONE_IN > judged.length) this.violated(now, [], `of ${judged.length} groups that nobody asked anything for ${this.restsWithin} us, ${heard} did not rest`);
  }

  private isWhole(id: GroupId): boolean {
    const voters = this.founded[id] as readonly NodeId[];
    return voters.length > 0 && voters.every((node) => this.gone[node] === 0);
  }
}

export const silence: Property = {
  id: 'silence',
  claim: 'A group that nobody asks anything is silent',
  kind: 'liveness',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new Silence(run, from)),
};
