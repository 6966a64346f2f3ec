// Every start of a node is a new incarnation: its number grows, it has one tag, and once it has spoken nothing is said under
// an older one. A node that lost nothing is never turned away. A node whose acknowledged state was damaged is no longer itself: a quorum that counts on it is caught by
// election safety and leader completeness, which do not count it.

import type { Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Cause, Event } from '../kernel/event.ts';
import type { Damage } from './damage.ts';
import type { JournalReader } from './journals.ts';
import type { Hello } from '../kernel/hello.ts';
import type { WireReader } from './wire.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

class Incarnations extends Verdicts implements JournalReader, WireReader {
  private readonly damage: Damage;
  /** By node: the latest incarnation in its journal, the latest it spoke under, and the tag it said hello with. */
  private readonly journalled: Float64Array;
  private readonly spoken: Float64Array;
  private readonly tags: Float64Array;

  constructor(run: RunView, from: Reconstruction) {
    super('incarnations', run);
    this.damage = from.damage;
    from.journals.read(this);
    from.wire.read(this);
    const nodes = run.parameters.nodes;
    this.journalled = new Float64Array(nodes + 1);
    this.spoken = new Float64Array(nodes + 1);
    this.tags = new Float64Array(nodes + 1).fill(-1);
  }

  recovered(node: NodeId, event: Event, cause: Extract<Cause, { kind: 'recovered' }>, now: Micros): void {
    if (cause.reborn) {
      this.journalled[node] = 0;
      this.spoken[node] = 0;
    }
    const before = this.journalled[node] as number;
    this.journalled[node] = cause.incarnation;
    if (before === 0 || this.damage.isSuspect(node)) return;
    this.checks++;
    if (cause.incarnation <= before) {
      this.violated(now, [node], `node ${node} started as incarnation ${cause.incarnation}, after it had been incarnation ${before}`, [], event.sequence);
    }
  }

  changedIncarnation(frame: Frame, _before: number, now: Micros): void {
    const node = frame.from;
    const spoken = this.spoken[node] as number;
    if (this.damage.isSuspect(node)) return;
    if (frame.incarnation < spoken) {
      return this.violated(now, [node], `node ${node} spoke as incarnation ${frame.incarnation}, after it had spoken as incarnation ${spoken}`, [], frame.sequence);
    }
    this.spoken[node] = frame.incarnation;
    this.tags[node] = -1;
    this.checks++;
  }

  /** Peers and its own journal turn a node away for what it lost, and for nothing else. */
  refused(node: NodeId, reason: string, now: Micros): void {
    if (this.damage.wasDamaged(node)) this.checks++;
    else this.violated(now, [node], `node ${node} was turned away, and nothing that it had acknowledged was lost`, [reason]);
  }

  saysHello(frame: Frame, message: Hello, now: Micros): void {
    const node = frame.from;
    if (this.damage.isSuspect(node)) return;
    if (message.incarnation !== frame.incarnation) {
      return this.violated(now, [node], `node ${node} says hello as incarnation ${message.incarnation} in a frame of incarnation ${frame.incarnation}`, [], frame.sequence);
    }
    const tag = this.tags[node] as number;
    this.tags[node] = message.tag;
    if (tag >= 0 && tag !== message.tag) this.violated(now, [node], `two starts of node ${node} call themselves incarnation ${frame.incarnation}`, [`tags ${tag} and ${message.tag}`], frame.sequence);
  }
}

export const incarnations: Property = {
  id: 'incarnations',
  claim: 'Incarnations of a node only grow, nothing is said under an older one, and only a node that lost something is turned away',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new Incarnations(run, from)),
};
