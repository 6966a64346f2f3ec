// Every node follows one and the same parent chain: a head it adopts was reported to it, extends the one it adopted before,
// and is the head that every other node adopted at that height; whatever its provider claims.

import type { Property, RunView, Watch } from '../io/sim/evidence.ts';
import type { NodeId } from '../kernel/base/ids.ts';
import type { Micros } from '../kernel/base/time.ts';
import type { Cause } from '../kernel/event.ts';
import type { Fact } from '../kernel/fact.ts';
import type { JournalReader } from './journals.ts';
import { reconstructed, type Reconstruction } from './reconstruction.ts';
import { Verdicts } from './verdict.ts';

type Head = Extract<Cause, { kind: 'parentHead' }>;

/** Reports remembered per node, and heights remembered over all of them. */
const REPORTS = 128;
const HEIGHTS = 1024;

interface Follower {
  readonly reports: Head[];
  last: Head | undefined;
}

class ParentChain extends Verdicts implements JournalReader {
  private readonly followers: readonly Follower[];
  /** By height: the hash that was adopted first, and by whom. */
  private readonly adopted = new Map<number, { readonly hash: string; readonly node: NodeId }>();

  constructor(run: RunView, from: Reconstruction) {
    super('parent-chain', run);
    from.journals.read(this);
    this.followers = Array.from({ length: run.parameters.nodes + 1 }, () => ({ reports: [], last: undefined }));
  }

  /** Adopted heads of the journal's tail may never have been announced. */
  restarted(node: NodeId): void {
    (this.followers[node] as Follower).last = undefined;
  }

  parentHead(node: NodeId, cause: Head): void {
    const reports = (this.followers[node] as Follower).reports;
    reports.push(cause);
    if (reports.length > REPORTS) reports.shift();
  }

  fact(node: NodeId, fact: Fact, _at: Micros, now: Micros): void {
    if (fact.kind !== 'parentFinalised') return;
    const follower = this.followers[node] as Follower;
    const head = follower.reports.find((report) => report.number === fact.number && report.hash === fact.hash);
    if (head === undefined) return this.violated(now, [node], `node ${node} adopted a parent head at height ${fact.number} that was never reported to it`, [`hash ${fact.hash}`]);
    const last = follower.last;
    follower.last = head;
    if (last !== undefined && (head.number !== last.number + 1 || head.parent !== last.hash)) {
      return this.violated(now, [node], `node ${node} adopted a parent head at height ${head.number} that does not extend its head at height ${last.number}`, [
        `head ${last.hash} at height ${last.number}`, `then ${head.hash} on ${head.parent}`,
      ]);
    }
    this.agree(node, head, now);
  }

  private agree(node: NodeId, head: Head, now: Micros): void {
    const known = this.adopted.get(head.number);
    if (known === undefined) {
      this.adopted.set(head.number, { hash: head.hash, node });
      if (this.adopted.size > HEIGHTS) this.adopted.delete(head.number - HEIGHTS);
      return;
    }
    this.checks++;
    if (known.hash === head.hash) return;
    this.violated(now, [known.node, node], `nodes ${known.node} and ${node} adopted different parent heads at height ${head.number}`, [`${known.hash} and ${head.hash}`]);
  }
}

export const parentChain: Property = {
  id: 'parent-chain',
  claim: 'All nodes adopt one chain of parent heads, each reported to them and extending the last',
  kind: 'safety',
  scope: 'global',
  watch: (run: RunView): Watch => reconstructed(run, (from) => new ParentChain(run, from)),
};
