// Once every fault has ended, the network serves again within ten maximum election timeouts: an operation that a client sends
// to a node that is up, after that time, is answered. `unknown` and `refused` are no answers.

import type { Invocation, Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { GroupId, NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Answer } from '../kernel/effect.ts';
import type { MembershipsReader } from './memberships.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

class Liveness extends Verdicts implements MembershipsReader {
  private readonly groupOf: readonly GroupId[];
  private readonly down: Uint8Array;
  private readonly out: Uint8Array;
  private from: Micros = Number.MAX_SAFE_INTEGER;
  private readonly open = new Set<Invocation>();

  constructor(run: RunView, from: Reconstruction) {
    super('liveness', run);
    this.groupOf = from.registers.groupOf;
    from.memberships.read(this);
    this.down = new Uint8Array(run.parameters.nodes + 1);
    this.out = new Uint8Array(run.parameters.nodes + 1);
  }

  healed(now: Micros): void {
    this.from = now + this.run.livenessBoundUs;
  }

  /** Nodes that are down, or may not come back as themselves, serve nobody: a quorum of every group is up without them. */
  damaged(node: NodeId): void {
    this.out[node] = 1;
  }

  /** In its new life it serves clients as any node does. */
  reborn(node: NodeId): void {
    this.out[node] = 0;
  }

  crashed(node: NodeId): void {
    this.down[node] = 1;
  }

  stopped(node: NodeId): void {
    this.down[node] = 1;
  }

  refused(node: NodeId): void {
    this.out[node] = 1;
  }

  refolded(node: NodeId): void {
    this.down[node] = 0;
  }

  faultBegan(_kind: string, _nodes: readonly NodeId[], now: Micros): void {
    if (now >= this.from - this.run.livenessBoundUs) this.from = Number.MAX_SAFE_INTEGER;
  }

  invoked(invocation: Invocation): void {
    if (invocation.invokedAt >= this.from && this.down[invocation.node] === 0 && this.out[invocation.node] === 0) this.open.add(invocation);
  }

  returned(invocation: Invocation, answer: Answer, now: Micros): void {
    if (!this.open.delete(invocation) || this.down[invocation.node] === 1 || this.out[invocation.node] === 1) return;
    this.checks++;
    if (answer.kind !== 'unknown' && answer.kind !== 'refused') return;
    this.stuck(invocation, `got "${answer.kind}" (${answer.why})`, now);
  }

  finished(world: { readonly now: Micros }): void {
    for (const invocation of this.open) if (this.down[invocation.node] === 0 && this.out[invocation.node] === 0) return this.stuck(invocation, 'got no answer', world.now);
  }

  private stuck(invocation: Invocation, got: string, now: Micros): void {
    const { node, client, number, operation, invokedAt } = invocation;
    this.violated(now, [node], `a client of a healed network ${got}`, [
      `client ${client} asked node ${node} at ${invokedAt} us (its request ${number}): ${operation.kind} ${operation.need}`,
      `the need belongs to group ${this.groupOf[operation.bucket]}`,
      `every fault had ended at ${this.from - this.run.livenessBoundUs} us, ${this.run.livenessBoundUs} us before the first judged request`,
    ]);
  }
}

export const liveness: Property = {
  id: 'liveness',
  claim: 'Within ten maximum election timeouts after the last fault, every client is served',
  kind: 'liveness',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new Liveness(run, from)),
};
