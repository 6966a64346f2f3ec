// On a quiet network everybody is served at once, and leaders stay. Raft asks that a message takes much less time than an
// election timeout; then one round after another takes much less, too. Where many have to wait for a tick, a retry or another
// leader, something that should have been said was not. Judged is what clients ask long after the last fault.

import type { Invocation, Property, RunView, Watch, WorldView } from '../io/sim/evidence.ts';
import type { Frame } from '../io/ports.ts';
import type { GroupId, NodeId } from '../kernel/base/ids.ts';
import { NEVER, type Micros } from '../kernel/base/time.ts';
import type { Answer } from '../kernel/effect.ts';
import type { ElectionReader, Poll } from './elections.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

/** The least election timeout is so many times what an operation may take. */
const TIMES = 20;
/** Of so many one may take longer. */
const ONE_IN = 4;
/** With more groups than that most clients are the first to ask a group, and have to find out who leads it. */
const MANY_GROUPS = 16;
/** With fewer operations of a kind nothing is said. */
const LEAST = 30;
/** So many leaders may change, and one in so many groups may change its own. */
const FEW = 2;
const GROUPS_PER_CHANGE = 4;

interface Count {
  judged: number;
  slow: number;
}

class Promptness extends Verdicts implements ElectionReader {
  private readonly soonUs: Micros;
  private readonly gone: Uint8Array;
  private from: Micros = NEVER;
  private readonly counts: Readonly<Record<Invocation['operation']['kind'], Count>> = { decide: { judged: 0, slow: 0 }, get: { judged: 0, slow: 0 } };
  private leaders = 0;

  constructor(run: RunView, from: Reconstruction) {
    super('promptness', run);
    this.soonUs = Math.floor(run.parameters.raft.electionMinUs / TIMES);
    this.gone = new Uint8Array(run.parameters.nodes + 1);
    from.elections.read(this);
  }

  healed(now: Micros): void {
    this.from = now + this.run.livenessBoundUs;
  }

  /** One that comes after that is an order of a person's: nothing is quiet any more. */
  faultBegan(_kind: string, _nodes: readonly NodeId[], now: Micros): void {
    if (now >= this.from - this.run.livenessBoundUs) this.from = NEVER;
  }

  crashed(node: NodeId): void {
    this.gone[node] = 1;
  }

  stopped(node: NodeId): void {
    this.gone[node] = 1;
  }

  refused(node: NodeId): void {
    this.gone[node] = 1;
  }

  damaged(node: NodeId): void {
    this.gone[node] = 1;
  }

  refolded(node: NodeId): void {
    this.gone[node] = 0;
  }

  led(_frame: Frame, _group: GroupId, _term: number, _poll: Poll, now: Micros): void {
    if (now >= this.from) this.leaders++;
  }

  returned(invocation: Invocation, answer: Answer, now: Micros): void {
    if (invocation.invokedAt < this.from || this.gone[invocation.node] === 1 || answer.kind === 'refused' || answer.kind === 'unknown') return;
    const count = this.counts[invocation.operation.kind];
    count.judged++;
    if (now - invocation.invokedAt > this.soonUs) count.slow++;
  }

  /** Only of a simulated world it is known how long a message takes there. */
  finished({ now, nodes }: WorldView): void {
    if (nodes.length === 0) return;
    for (const [kind, { judged, slow }] of Object.entries(this.counts)) {
      if (judged < LEAST || this.run.parameters.groups.length > MANY_GROUPS) continue;
      this.checks++;
      if (slow * ONE_IN > judged) this.violated(now, [], `on a quiet network ${slow} of ${judged} operations (${kind}) took longer than ${this.soonUs} us`);
    }
    const groups = this.run.parameters.groups.length;
    if (this.checks > 0 && this.leaders > FEW + groups / GROUPS_PER_CHANGE) this.violated(now, [], `on a quiet network ${this.leaders} new leaders came in ${groups} groups`);
  }
}

export const promptness: Property = {
  id: 'promptness',
  claim: 'On a quiet network clients do not wait, and leaders stay',
  kind: 'liveness',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new Promptness(run, from)),
};
